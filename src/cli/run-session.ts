import type { Logger } from 'pino';
import type { RunSummary } from '../client/index.js';
import { loadConfig, type Config } from '../config.js';
import { durationMs } from '../contract/schemas.js';
import { createLogger } from '../observability/logger.js';
import { connect, type Connected } from './connect.js';
import { sentence, usageError } from './errors.js';
import type { Interruption } from './interruption.js';
import { prepareLocalFolder } from './local-folder.js';
import type { LocalStack } from './local-stack.js';
import { say, setFooter, warn } from './output.js';
import type { RunFlags } from './run-flags.js';
import { durationFlag } from './run-input.js';
import { isRich } from './terminal.js';

/** What `generate` and `adopt` work with: a connection, and with `--local` everything behind it. */
export interface RunSession {
  /** With the addresses that are in use. */
  readonly config: Config;
  readonly connection: Connected;
  readonly stack: LocalStack | null;
  readonly simulated: boolean;
  /** The Temporal server is ours, and all its runs are this folder's. */
  readonly embedded: boolean;
  /** Runs that an earlier process left behind and that go on now. */
  readonly unfinished: readonly RunSummary[];
  close(): Promise<void>;
}

export async function openRunSession(flags: RunFlags, interruption: Interruption): Promise<RunSession> {
  const config = loadConfig();
  if (flags.local !== true) {
    const connection = await interruption.orInterrupted(connect(config));
    return {
      config,
      connection,
      stack: null,
      simulated: false,
      embedded: false,
      unfinished: [],
      close: () => connection.close(),
    };
  }
  return await openLocalSession(config, flags, interruption);
}

async function openLocalSession(config: Config, flags: RunFlags, interruption: Interruption): Promise<RunSession> {
  const simulated = config.openRouter.apiKey === null;
  const embedded = !config.temporal.given;
  if (simulated) announceSimulation();
  const stack = await startStack(config, { flags, simulated, embedded, interruption });
  try {
    const connection = await connect(stack.config);
    const unfinished = embedded ? await runningRuns(connection, stack.config) : [];
    const close = async (): Promise<void> => {
      await stopSaying(stack);
      await connection.close();
      if (simulated) announceSimulation();
    };
    return { config: stack.config, connection, stack, simulated, embedded, unfinished, close };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

interface StackWishes {
  readonly flags: RunFlags;
  readonly simulated: boolean;
  readonly embedded: boolean;
  readonly interruption: Interruption;
}

async function startStack(config: Config, wishes: StackWishes): Promise<LocalStack> {
  const { flags, simulated, embedded, interruption } = wishes;
  const generationMs = simulatedGenerationMs(flags);
  const folder = await prepareLocalFolder(simulated);
  setFooter('starting Temporal and a worker');
  try {
    // A cluster that does not answer is told within seconds; the native core would try for longer.
    if (!embedded) await interruption.orInterrupted(connect(config).then((probe) => probe.close()));
    const { startLocalStack } = await import('./local-stack.js');
    return await startLocalStack({
      config: { ...config, webhookUrl: null }, // nobody listens
      ...{ folder, embedded, generationMs, onProgress: say, signal: interruption.signal },
      logger: fileLogger(config, folder.workerLog),
    });
  } finally {
    setFooter('');
  }
}

export function announceSimulation(): void {
  warn('SIMULATION: there is no OPENROUTER_API_KEY, so nothing is paid and no real video is generated.');
}

export function simulatedGenerationMs({
  simulatedGeneration,
}: Pick<RunFlags, 'simulatedGeneration'>): number | undefined {
  if (simulatedGeneration === undefined) return undefined;
  return durationMs(durationFlag('--simulated-generation', simulatedGeneration));
}

/** The worker's lines go to a file, so that the terminal shows the run alone. */
function fileLogger(config: Config, path: string): Logger {
  try {
    return createLogger({
      level: config.log.level,
      format: 'json',
      secrets: config.secrets,
      destination: path,
    });
  } catch (error) {
    throw usageError(
      `The log of the worker is ${path}, which cannot be written (${sentence(error)}). Make the file writable, or move it away.`,
    );
  }
}

/** All of them are named; nobody has hundreds here. */
const MANY = 1_000;

/** A run of another task queue is none of the worker's here. */
export async function allRuns({ longtake }: Connected, config: Pick<Config, 'taskQueue'>): Promise<RunSummary[]> {
  return (await longtake.list({ limit: MANY })).filter(({ taskQueue }) => taskQueue === config.taskQueue);
}

async function runningRuns(connection: Connected, config: Pick<Config, 'taskQueue'>): Promise<RunSummary[]> {
  return (await allRuns(connection, config)).filter(({ closedAt }) => closedAt === null);
}

const PATIENCE_MS = 2_000;

async function stopSaying(stack: LocalStack): Promise<void> {
  const patience = setTimeout(() => {
    const again = isRich(process.stderr) ? ' Ctrl-C again leaves at once.' : '';
    say(`Waiting for an answer that must not be missed.${again}`);
  }, PATIENCE_MS);
  await stack.stop();
  clearTimeout(patience);
}
