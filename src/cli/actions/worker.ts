import type { Logger } from 'pino';
import { loadConfig, type Config } from '../../config.js';
import { createLogger } from '../../observability/logger.js';
import { installRuntime } from '../../observability/temporal-logs.js';
import { createWorker, MissingApiKey, type Lane, type LongtakeWorker } from '../../worker/index.js';
import { requireDirectory } from '../checks/storage.js';
import { CliError, usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addressText, openHttpListener } from '../http-listener.js';
import { Interrupted, watchInterruption } from '../interruption.js';
import { waitForTemporal } from '../wait-for-temporal.js';
import { versionName } from '../version-name.js';

/** A server that starts together with the worker gets this long. */
const TEMPORAL_WITHIN_MS = 60_000;

export async function worker(lane: Lane): Promise<ExitCode> {
  const config = loadConfig();
  if (config.openRouter.apiKey === null) throw new MissingApiKey();
  const { signal } = watchInterruption('Stopped before the worker was ready.');
  const logger = createLogger({ ...config.log, secrets: config.secrets });
  const warn = (text: string): void => {
    logger.warn(text);
  };
  config.warnings.forEach(warn);
  await requireDirectory(config, warn);
  startRuntime(config, logger);
  try {
    await waitForTemporal(config.temporal, { withinMs: TEMPORAL_WITHIN_MS, logger, signal });
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.done;
    throw error;
  }
  await serve(await createWorker({ config, logger, lane }), { config, logger, signal });
  return EXIT.done;
}

function startRuntime(config: Config, logger: Logger): void {
  const { metricsAddress } = config;
  try {
    installRuntime({ logger, metricsAddress });
  } catch (error) {
    if (metricsAddress === null) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(
      `LONGTAKE_METRICS_ADDRESS ${addressText(metricsAddress)} cannot be used: ${reason}. Give another one, or "off".`,
    );
  }
}

/** Until the signal, and then until everything under way has ended. No work is taken before the listener is there. */
async function serve(
  running: LongtakeWorker,
  { config, logger, signal }: { config: Config; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const listener = await openHttpListener(config.http, running, (why) => {
    logger.warn(why);
  });
  const ended = running.run();
  const drain = (): void => {
    logger.info('stopping: what is under way is finished first; a second signal ends it at once');
    running.shutdown();
  };
  try {
    sayStarted(config, running, listener?.address ?? null, logger);
    if (signal.aborted) drain();
    else signal.addEventListener('abort', drain, { once: true });
    await ended.finally(() => listener?.close());
    logger.info('stopped');
  } catch (error) {
    throw new CliError(EXIT.failed, failureText(error), { cause: error });
  }
}

function failureText(error: unknown): string {
  return `The worker stopped: ${error instanceof Error ? error.message : String(error)}`;
}

function sayStarted(
  config: Config,
  { taskQueue }: LongtakeWorker,
  address: Config['http']['address'],
  logger: Logger,
): void {
  const { temporal, openRouter, storage, encryption, workerVersion } = config;
  logger.info(
    {
      taskQueue,
      namespace: temporal.namespace,
      temporal: temporal.address,
      storage,
      provider: openRouter.baseUrl,
      encryption: encryption.current?.id ?? 'off',
      versioning: workerVersion === null ? 'off' : versionName(workerVersion),
      http: address === null ? 'off' : addressText(address),
    },
    'worker started',
  );
}
