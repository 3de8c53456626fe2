import { loadConfig, type Config } from '../../config.js';
import { USUAL_PORTS, whyElsewhere } from '../../local/usual-ports.js';
import { createLogger } from '../../observability/logger.js';
import { commandHere } from '../command-here.js';
import { CliError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addressText, openHttpListener } from '../http-listener.js';
import { Interrupted, untilAborted, watchInterruption } from '../interruption.js';
import { prepareLocalFolder } from '../local-folder.js';
import { startLocalStack, type LocalStack } from '../local-stack.js';
import { say, warn } from '../output.js';
import type { RunFlags } from '../run-flags.js';
import { announceSimulation, simulatedGenerationMs } from '../run-session.js';

/** Runs until Ctrl-C, which is its proper end. */
export async function dev(flags: Pick<RunFlags, 'simulatedGeneration'>): Promise<ExitCode> {
  const config = loadConfig();
  const { signal } = watchInterruption();
  const { apiKey } = config.openRouter;
  if (apiKey === null) announceSimulation();
  try {
    const stack = await startLocalStack({
      config,
      folder: await prepareLocalFolder(apiKey === null),
      embedded: true,
      generationMs: simulatedGenerationMs(flags),
      logger: createLogger({ ...config.log, secrets: config.secrets }),
      onProgress: say,
      signal,
    });
    await serve(stack, config, signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
  return EXIT.done;
}

async function serve(stack: LocalStack, config: Config, signal: AbortSignal): Promise<void> {
  if (stack.shared) {
    warn(
      `A longtake dev or npm start of this folder already runs: this one shares its Temporal at ${stack.config.temporal.address}.`,
    );
  }
  const listener = await openHttpListener(config.http, stack.worker, warn).catch(async (error: unknown) => {
    await stack.stop();
    throw error;
  });
  await sayElsewhere(stack);
  const isFound = leadsHere(config, stack);
  if (!isFound) {
    warn(
      `dev runs a Temporal of its own, but commands go to ${config.temporal.address}, as TEMPORAL_ADDRESS or Temporal's configuration file says. In other terminals unset what leads there, or set TEMPORAL_ADDRESS=${stack.config.temporal.address}`,
    );
  }
  welcome(stack, isFound, listener === null ? null : addressText(listener.address));
  const lost = await Promise.race([untilAborted(signal).then(() => null), stack.lost]);
  if (lost === null) say('Stopping; runs that are not finished go on at the next start.');
  await listener?.close();
  await stack.stop();
  if (lost !== null)
    throw new CliError(EXIT.failed, `${lost.message}\nRuns are kept. To go on: ${commandHere('longtake dev')}`, {
      cause: lost,
    });
}

/** Whoever counts on the usual ports would meet somebody else's Temporal, or its UI. */
async function sayElsewhere({ config: { temporal }, uiUrl }: LocalStack): Promise<void> {
  const why = await whyElsewhere(temporal.address);
  if (why !== null) {
    warn(
      `Temporal is at ${temporal.address}, since ${why}. In other terminals set TEMPORAL_ADDRESS=${temporal.address}`,
    );
  } else if (uiUrl !== null && !uiUrl.endsWith(`:${USUAL_PORTS.ui}`)) {
    warn(`The UI is at ${uiUrl}, since port ${USUAL_PORTS.ui} is taken by another program.`);
  }
}

/** Whether commands in this environment find the stack. */
function leadsHere({ temporal: { given, address } }: Config, { config }: LocalStack): boolean {
  return !given || address.replace(/^localhost:/, '127.0.0.1:') === config.temporal.address;
}

function welcome({ config, uiUrl }: LocalStack, isFound: boolean, health: string | null): void {
  const { address } = config.temporal;
  const prefix = isFound && address.endsWith(`:${USUAL_PORTS.server}`) ? '' : `TEMPORAL_ADDRESS=${address} `;
  say('');
  say(`  Temporal  ${address}`);
  if (uiUrl !== null) say(`  UI        ${uiUrl}`);
  say(`  provider  ${config.openRouter.baseUrl}`);
  say(`  videos    ${config.storage}`);
  if (health !== null) say(`  health    http://${health}/readyz`);
  say('');
  say('In another terminal:');
  say(`  ${prefix}${commandHere('longtake generate "A lighthouse at dusk, waves rolling in"')}`);
  say('Ctrl-C stops everything.');
  say('');
}
