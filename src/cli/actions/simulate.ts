import { loadConfig } from '../../config.js';
import { durationMs } from '../../contract/schemas.js';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/index.js';
import { commandHere } from '../command-here.js';
import { usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { untilAborted, watchInterruption } from '../interruption.js';
import { say } from '../output.js';
import { durationFlag } from '../run-input.js';

export interface SimulateFlags {
  readonly port: number;
  readonly host: string;
  readonly generation: string;
  readonly journal?: string | undefined;
  readonly webhookSecret?: string | undefined;
}

/** Runs until Ctrl-C, which is its proper end. */
export async function simulate(flags: SimulateFlags): Promise<ExitCode> {
  if (flags.journal === '') throw usageError('--journal is empty. Name a file, or leave --journal out.');
  if (flags.webhookSecret === '')
    throw usageError('--webhook-secret is empty. Give the secret, or leave --webhook-secret out.');
  const { signal } = watchInterruption();
  const [configuredSecret] = loadConfig().openRouter.webhookSecrets;
  const simulator = await start({
    host: flags.host,
    port: flags.port,
    generationMs: durationMs(durationFlag('--generation', flags.generation)),
    journal: flags.journal,
    webhookSecret: flags.webhookSecret ?? configuredSecret,
    log: say,
  });
  say(`The simulator answers at ${simulator.baseUrl} until Ctrl-C. Nothing is paid.`);
  say('To use it for a worker:');
  say(`  OPENROUTER_BASE_URL=${simulator.baseUrl} OPENROUTER_API_KEY=anything ${commandHere('longtake worker')}`);
  await untilAborted(signal);
  await simulator.close();
  return EXIT.done;
}

/** Its errors are all about the options: a taken port, a journal that cannot be used. */
async function start(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(options);
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}
