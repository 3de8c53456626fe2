import { loadConfig } from '../../config.js';
import { waitCommand } from '../../contract/commands.js';
import { commandHere } from '../command-here.js';
import { connected } from '../connect.js';
import type { ExitCode } from '../exit-codes.js';
import { followRun } from '../follow-run.js';
import { watchInterruption } from '../interruption.js';
import { knownRun, pollingTimeoutOf } from '../run-record.js';

export async function wait(id: string, { json }: { readonly json?: true | undefined }): Promise<ExitCode> {
  const config = loadConfig();
  const interruption = watchInterruption('Interrupted; the run goes on.');
  return await connected(
    config,
    async ({ longtake, temporal }) => {
      const run = await knownRun(temporal, id);
      const reattach = commandHere(waitCommand(id));
      return await followRun(longtake.handle(id), {
        startedAt: run.startedAt,
        pollingTimeout: () => pollingTimeoutOf(temporal, run),
        json: json === true,
        interruption,
        reattach,
        local: null,
      });
    },
    interruption,
  );
}
