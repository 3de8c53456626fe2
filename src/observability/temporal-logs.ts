import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  type LogEntry,
  type PrometheusMetricsExporter,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Address } from '../config.js';
import { HISTOGRAM_BUCKETS } from './histogram-buckets.js';

export interface RuntimeOptions {
  readonly logger: Logger;
  /** Where Prometheus scrapes, or `null` for no metrics. */
  readonly metricsAddress: Address | null;
}

/** Sends Temporal's own log lines into ours. Once a process, before any connection. */
export function installRuntime({ logger, metricsAddress }: RuntimeOptions): void {
  Runtime.install({
    logger: new DefaultLogger('DEBUG', (entry) => {
      forward(logger, entry);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'WARN' }) },
      ...(metricsAddress === null
        ? {}
        : { metrics: { attachServiceName: false, prometheus: prometheusAt(metricsAddress) } }),
    },
    // longtake drains on signals itself, so that an embedding program keeps its own handlers.
    shutdownSignals: [],
  });
}

/** Seconds, said in the name, as Prometheus has it: Temporal's own durations too. */
function prometheusAt({ host, port }: Address): PrometheusMetricsExporter['prometheus'] {
  return {
    bindAddress: `${bracketed(host)}:${port}`,
    useSecondsForDurations: true,
    unitSuffix: true,
    histogramBucketOverrides: HISTOGRAM_BUCKETS,
  };
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
/** Of use to nobody who runs longtake: the bundler's long report, and a feature that is not in use. */
const QUIET = /^(Workflow bundle created|No Nexus services registered|No workflows registered)/;

function forward(logger: Logger, entry: LogEntry): void {
  const { error, workflowRunId, ...meta }: Record<string, unknown> = entry.meta ?? {};
  // Long, of no use to a reader, and on every line of an activity.
  delete meta['taskToken'];
  // Activities have another name for what workflows call runId; one is enough to search by.
  if (workflowRunId !== undefined) meta['runId'] = workflowRunId;
  const level = QUIET.test(entry.message) ? 'debug' : LEVELS[entry.level];
  logger[level]({ ...meta, ...(error === undefined ? {} : { err: error }) }, entry.message);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
