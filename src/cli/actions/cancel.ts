import { loadConfig } from '../../config.js';
import { waitCommand } from '../../contract/commands.js';
import { inPlainWords } from '../../contract/issue-words.js';
import { cancelRequest, describeIssues } from '../../contract/schemas.js';
import { commandHere } from '../command-here.js';
import { connected } from '../connect.js';
import { CliError, isUndecryptable, usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hindrance } from '../hindrance.js';
import { say, warn } from '../output.js';
import { knownRun } from '../run-record.js';

/** To cancel a run takes no key. */
function unread(error: unknown): null {
  if (isUndecryptable(error)) return null;
  throw error;
}

export async function cancel(id: string, { reason }: { readonly reason?: string | undefined }): Promise<ExitCode> {
  const parsed = cancelRequest.safeParse({ reason }, { error: inPlainWords });
  if (!parsed.success) throw usageError(`${describeIssues(parsed.error, () => '--reason')}.`);
  const config = loadConfig();
  return await connected(config, async ({ longtake, temporal }) => {
    const run = await knownRun(temporal, id).catch(unread);
    if (run === null) await askUnread();
    else if (run.state === 'cancelled') say(`run ${id} is cancelled already.`);
    else if (!run.isRunning) throw new CliError(EXIT.failed, `There is nothing to cancel: run ${id} is ${run.state}.`);
    else await ask();
    return EXIT.done;

    /** A step that its worker cannot read stands still, and the run with it. */
    async function askUnread(): Promise<void> {
      if (reason !== undefined && config.encryption.current !== null) {
        throw usageError(
          `Run ${id} is encrypted with a key that is not in LONGTAKE_ENCRYPTION_KEY, so its worker could not read the reason. Give that key, or leave --reason out.`,
        );
      }
      await ask();
    }

    async function ask(): Promise<void> {
      await longtake.handle(id).cancel(reason);
      say(`Asked run ${id} to cancel. A job that was submitted may still be billed.`);
      const hindered = await hindrance(temporal, id, 'the cancel is recorded, and takes effect');
      if (hindered !== null) warn(hindered);
      say(`To see how it ends: ${commandHere(waitCommand(id))}`);
    }
  });
}
