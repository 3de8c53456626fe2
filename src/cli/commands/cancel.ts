import { idArgument } from '../run-id.js';
import { Command } from '../typed-commander.js';

export function cancelCommand() {
  return new Command('cancel')
    .summary('cancel one run')
    .description('Cancels a run. The provider cannot cancel: a job that was submitted may still be billed.')
    .addArgument(idArgument())
    .option('--reason <text>', 'kept with the run')
    .action(async (id, flags) => {
      const { cancel } = await import('../actions/cancel.js');
      process.exitCode = await cancel(id, flags);
    });
}
