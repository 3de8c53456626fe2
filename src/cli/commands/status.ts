import { jsonOption } from '../run-flags.js';
import { idArgument } from '../run-id.js';
import { Command } from '../typed-commander.js';

export function statusCommand() {
  return new Command('status')
    .summary('show one run')
    .description('Shows where a run stands. Exits 0 whatever it shows.')
    .addArgument(idArgument())
    .addOption(jsonOption)
    .action(async (id, flags) => {
      const { status } = await import('../actions/status.js');
      process.exitCode = await status(id, flags);
    });
}
