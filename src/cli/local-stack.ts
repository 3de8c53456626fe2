import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { cacheDirectory } from '../local/cache-directory.js';
import { findTemporalCli } from '../local/find-temporal-cli.js';
import { joinLocalTemporal, type LocalTemporal } from '../local/join-local-temporal.js';
import { JournalError, startSimulator, type Simulator } from '../simulator/index.js';
import { directIfHere } from '../temporal-connection.js';
import type { LongtakeWorker } from '../worker/index.js';
import { usageError } from './errors.js';
import type { LocalFolder } from './local-folder.js';

export interface LocalStackOptions {
  readonly config: Config;
  readonly folder: LocalFolder;
  /** `false`: the cluster that the configuration names. */
  readonly embedded: boolean;
  /** Of the simulator, which serves when there is no API key. Default: its own. */
  readonly generationMs: number | undefined;
  /** For the worker and Temporal's core. */
  readonly logger: Logger;
  /** Told in plain lines what takes its time. */
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Everything a run needs, in this process (and a Temporal server beside it). */
export interface LocalStack {
  /** As the worker has it: with the addresses of what runs here. */
  readonly config: Config;
  /** `null`: not known, because the cluster is not ours. */
  readonly uiUrl: string | null;
  /** Another process of the folder was at the Temporal server before. */
  readonly shared: boolean;
  readonly worker: LongtakeWorker;
  /** Resolves when the server or the worker ends by itself. */
  readonly lost: Promise<Error>;
  /** Lets what runs come to a point where it can be taken up again. Runs are kept. */
  stop(): Promise<void>;
}

/**
 * Starts Temporal (if `embedded`), the simulator (unless there is a key) and a worker. Once a process: Temporal's core
 * takes one logger.
 * @throws TemporalUnavailable, LongtakeError `TemporalUnreachable`, or the signal's reason
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const closing: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.reverse().splice(0)) await close();
  };
  try {
    const temporal = options.embedded ? await openTemporal(options) : null;
    if (temporal !== null) closing.push(() => temporal.leave());
    const simulator = options.config.openRouter.apiKey === null ? await openSimulator(options) : null;
    if (simulator !== null) closing.push(() => simulator.close());
    const config = localConfig(options.config, temporal, simulator);
    options.signal.throwIfAborted();
    const { createLocalWorker } = await workerCode();
    const worker = await createLocalWorker(config, options.logger);
    const ended = worker.run();
    closing.push(() => drained(worker, ended, temporal));
    const lost = Promise.race([...(temporal === null ? [] : [temporal.lost]), failureOf(ended)]);
    return { config, uiUrl: temporal?.uiUrl ?? null, shared: temporal?.shared ?? false, worker, lost, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Half a second of loading: it is begun while the server starts. */
const workerCode = () => import('./local-worker.js');

async function openTemporal({ config, folder, onProgress, signal }: LocalStackOptions): Promise<LocalTemporal> {
  const { cliPath } = config.temporal;
  const cli = await findTemporalCli({
    ...(cliPath === null ? {} : { cliPath }),
    searchPath: config.searchPath,
    cacheDir: cacheDirectory(config.cache),
    env: config.toolEnvironment,
    onProgress,
    signal,
  });
  return await joinLocalTemporal({
    ...{ dataDir: folder.data, cliPath: cli.path, onProgress, signal },
    onWaiting: () => void workerCode(),
  });
}

async function openSimulator({ folder, generationMs, config }: LocalStackOptions): Promise<Simulator> {
  try {
    return await startSimulator({
      journal: folder.journal,
      generationMs,
      webhookSecret: config.openRouter.webhookSecrets[0],
    });
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    throw usageError(
      `The simulated jobs of this folder are kept in ${folder.journal}, which cannot be used (${error.reason}). Make the file writable, or move it away: what it holds of simulated jobs is lost then, and nothing else.`,
    );
  }
}

const EMBEDDED_NAMESPACE = 'default';
/** Any will do, as long as it is no word of any message: keys are struck out of texts. */
const SIMULATED_KEY = 'longtake-simulator-key';

function localConfig(config: Config, temporal: LocalTemporal | null, simulator: Simulator | null): Config {
  return {
    ...config,
    ...(temporal === null ? {} : { temporal: embedded(config, temporal) }),
    ...(simulator === null ? {} : simulated(config, simulator)),
    // A simulated worker must never take a task of a real run, and in a shared cluster only the queue tells them apart.
    ...(simulator !== null && temporal === null ? { taskQueue: `${config.taskQueue}-simulator` } : {}),
    // A worker of a server of its own, or on a queue of its own, has nobody who would make its version the current one.
    ...(simulator !== null || temporal !== null ? { workerVersion: null } : {}),
    metricsAddress: null,
  };
}

function embedded({ temporal }: Config, { address }: LocalTemporal): Config['temporal'] {
  return { ...temporal, connection: directIfHere({ address }, address), address, namespace: EMBEDDED_NAMESPACE };
}

function simulated({ openRouter }: Config, { baseUrl }: Simulator): Pick<Config, 'openRouter' | 'webhookUrl'> {
  return { openRouter: { ...openRouter, apiKey: SIMULATED_KEY, baseUrl }, webhookUrl: null };
}

/** A worker whose server is gone cannot say goodbye; it is not waited for. */
async function drained(worker: LongtakeWorker, ended: Promise<void>, temporal: LocalTemporal | null): Promise<void> {
  worker.shutdown();
  await Promise.race([ended.catch(() => undefined), ...(temporal === null ? [] : [temporal.lost])]);
}

/** Resolves with why a worker stopped by itself, and never if it was told to. */
async function failureOf(ended: Promise<void>): Promise<Error> {
  try {
    await ended;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  return await new Promise<never>(() => undefined);
}
