import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { noopMetricMeter, type MetricMeter } from '@temporalio/common';
import { NativeConnection, Runtime, type ActivityInterceptorsFactory, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities, ModelCatalog } from '../activities/index.js';
import { loadConfig, type Config } from '../config.js';
import { workerDataConverter } from '../encryption/data-converter.js';
import { logJobIds } from '../observability/activity-job-id.js';
import { createDownloadMetrics } from '../observability/download-metrics.js';
import { createLedger } from '../observability/ledger.js';
import { createLogger } from '../observability/logger.js';
import { openTracing } from '../observability/open-tracing.js';
import { traceActivities } from '../observability/trace-work.js';
import type { Tracing } from '../observability/tracing.js';
import { createOpenRouter } from '../openrouter/client.js';
import { openVideoStore } from '../storage/open-store.js';
import { createDeliverEvent } from '../webhook/deliver-event.js';
import { deliverOnce } from '../webhook/deliver-once.js';
import { createAdoptLostJob } from '../webhook/lost-job.js';
import { webhookRoutes } from '../webhook/receive-event.js';
import { startOpenRunsGauge } from './open-runs-gauge.js';
import { healthRoutes } from './health.js';
import type { Route } from './http-server.js';
import { createLaneWorkers, type Lane, type LaneWorkers } from './lanes.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { createTemporalPort } from './temporal-port.js';
import { versioning } from './versioning.js';
import { workflowSource } from './workflow-bundle.js';

export interface CreateWorkerOptions {
  /** Default: read from the environment. */
  readonly config?: Config;
  /** Default: JSON or pretty lines on standard error, by the configuration. */
  readonly logger?: Logger;
  /** Default `all`. */
  readonly lane?: Lane;
  /** Anything of Temporal's own worker options, for those who embed longtake. */
  readonly temporal?: Partial<WorkerOptions>;
}

export interface LongtakeWorker {
  /** Polls until `shutdown` is called and what is under way has ended. Closes its connections. */
  run(): Promise<void>;
  /** Stops taking work; what runs gets its grace, then downloads are cut off (another worker starts them anew). */
  shutdown(): void;
  /** Why the worker cannot take work now, or `null` when it can. */
  notReady(): Promise<string | null>;
  /** What its HTTP listener serves: health, readiness and, where there is a secret to verify them by, webhooks. */
  readonly routes: readonly Route[];
  readonly taskQueue: string;
}

/** No key: a worker without one could only fail. */
export class MissingApiKey extends Error {
  override readonly name = 'MissingApiKey';
  constructor() {
    super(
      'OPENROUTER_API_KEY is not set, and a worker cannot submit or save videos without it. Set it, or try longtake without a key: longtake dev',
    );
  }
}

/**
 * A run holds 100 KiB and more while it is cached and a tenth of that when it is not. More waiting runs than this cost
 * CPU instead of memory. See docs/decisions/0004-workflow-cache.md.
 */
const CACHED_WORKFLOWS = 300;
/** A cancel reaches an activity with its heartbeat's answer; the SDK would hold heartbeats back for 24 s. */
const HEARTBEAT_EVERY = '2s';
/** Downloads get this long to finish when the worker is told to stop. */
const SHUTDOWN_GRACE = '20s';
/** After the grace a submit may still wait for its answer: 10 s to connect, 60 s to hear. */
const SHUTDOWN_FORCE = '100s';
const READY_CHECK_MS = 2_000;
const NO_ANSWER = 'Temporal does not answer';

/**
 * A worker for `generateVideo`, to run in a process of its own (`longtake worker`) or embedded elsewhere.
 * @throws MissingApiKey, ConfigError, or the connection's error
 */
export async function createWorker(options: CreateWorkerOptions = {}): Promise<LongtakeWorker> {
  const config = options.config ?? loadConfig();
  const { apiKey, baseUrl, webhookSecrets } = config.openRouter;
  if (apiKey === null) throw new MissingApiKey();
  const logger = options.logger ?? createLogger({ ...config.log, secrets: config.secrets });
  const connection = await NativeConnection.connect(config.temporal.connection);
  const { namespace } = config.temporal;
  const searchAttributes = await ensureSearchAttributes(connection, namespace, logger);
  const dataConverter = options.temporal?.dataConverter ?? workerDataConverter(config.encryption);
  const client = new Client({ connection: Connection.lazy(config.temporal.connection), namespace, dataConverter });
  const openRouter = createOpenRouter({ baseUrl, apiKey });
  const tracing = await openTracing(config);
  const meter = Runtime.instance().metricMeter;
  const defaults = workerDefaults(config, options.temporal);
  const workers = await createLaneWorkers(options.lane ?? 'all', {
    worker: {
      connection,
      ...defaults,
      dataConverter,
      sinks: { ...options.temporal?.sinks, ...createLedger(logger, meter, tracing) },
      interceptors: {
        ...defaults.interceptors,
        activity: [...watchActivities(meter, tracing), ...(defaults.interceptors?.activity ?? [])],
      },
    },
    activities: createActivities({
      openRouter,
      models: new ModelCatalog(openRouter),
      store: openVideoStore(config.storage, config.s3),
      temporal: createTemporalPort(client, { taskQueue: config.taskQueue, searchAttributes }),
      settings: { maxVideoBytes: config.maxVideoBytes, webhookUrl: config.webhookUrl, searchAttributes },
    }),
    maxConcurrentDownloads: config.maxConcurrentDownloads,
  });
  const notReady = readiness(workers, connection);
  const isCounted = searchAttributes && meter !== noopMetricMeter && options.lane !== 'downloads';
  return {
    taskQueue: config.taskQueue,
    async run() {
      const stopGauge = isCounted ? startOpenRunsGauge(client, config.taskQueue, meter) : null;
      try {
        await workers.run();
      } finally {
        stopGauge?.();
        await Promise.allSettled([openRouter.close(), tracing?.close(), client.connection.close(), connection.close()]);
      }
    },
    shutdown: () => {
      workers.shutdown();
    },
    notReady,
    routes: [
      ...healthRoutes({ notReady }),
      ...webhookRoutes({
        secrets: webhookSecrets,
        deliver: deliverOnce(createDeliverEvent(client)),
        adoptLostJob: createAdoptLostJob(client),
        logger,
      }),
    ],
  };
}

/** What the configuration and longtake's own measurements say, and then what whoever embeds the worker wants. */
function workerDefaults(config: Config, wanted: Partial<WorkerOptions> = {}): WorkerOptions {
  return {
    namespace: config.temporal.namespace,
    taskQueue: config.taskQueue,
    ...(wanted.workflowBundle === undefined ? workflowSource(config.encryption.current !== null) : {}),
    maxCachedWorkflows: CACHED_WORKFLOWS,
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    maxHeartbeatThrottleInterval: HEARTBEAT_EVERY,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
    ...versioning(config.workerVersion),
    ...wanted,
  };
}

/** What is seen of activities from around them, so that they need not know of it. */
function watchActivities(meter: MetricMeter, tracing: Tracing | null): ActivityInterceptorsFactory[] {
  return [...(tracing === null ? [] : [traceActivities(tracing)]), createDownloadMetrics(meter), logJobIds];
}

function readiness(workers: LaneWorkers, connection: NativeConnection): LongtakeWorker['notReady'] {
  return async () => {
    const state = workers.state();
    if (state !== 'RUNNING') return `the worker is ${state.toLowerCase()}`;
    try {
      const answer = connection.withDeadline(Date.now() + READY_CHECK_MS, () =>
        connection.workflowService.getSystemInfo({}),
      );
      // The core tries again beyond the deadline, and a probe does not wait for that.
      return await Promise.race([answer.then(() => null), delay(READY_CHECK_MS, NO_ANSWER)]);
    } catch {
      return NO_ANSWER;
    }
  };
}
