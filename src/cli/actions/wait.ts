import { loadConfig } from '../../config.js';
import { waitCommand } from '../../contract/commands.js';
import { commandHere } from '../command-here.js';
import { connected } from '../connect.js';
import { CliError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { followRun } from '../follow-run.js';
import { watchInterruption } from '../interruption.js';
import { findRun } from '../run-record.js';

export async function wait(id: string, { json }: { readonly json?: true | undefined }): Promise<ExitCode> {
  const config = loadConfig();
  const interruption = watchInterruption('Interrupted; the run goes on.');
  return await connected(
    config,
    async ({ longtake, temporal }) => {
      const run = await findRun(temporal, id);
      if (run === null) throw new CliError(EXIT.failed, unknownRun(id));
      const { startedAt } = run;
      const reattach = commandHere(waitCommand(id));
      return await followRun(longtake.handle(id), {
        startedAt,
        json: json === true,
        interruption,
        reattach,
        local: null,
      });
    },
    interruption,
  );
}

export function unknownRun(id: string): string {
  return `There is no run ${id} here. To see which there are: ${commandHere('longtake list')}`;
}
