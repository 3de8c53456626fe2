import { jsonOption } from '../run-flags.js';
import { idArgument } from '../run-id.js';
import { Command } from '../typed-commander.js';

export function waitCommand() {
  return new Command('wait')
    .summary('follow one run to its end')
    .description('Follows a run, and prints where the video was saved. Ctrl-C only detaches: the run goes on.')
    .addArgument(idArgument())
    .addOption(jsonOption)
    .action(async (id, flags) => {
      const { wait } = await import('../actions/wait.js');
      process.exitCode = await wait(id, flags);
    });
}
