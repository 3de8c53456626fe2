import { idArgument } from '../run-id.js';
import { Command } from '../typed-commander.js';

export function resolveCommand() {
  return new Command('resolve')
    .summary('answer a run that awaits a decision')
    .description(
      'When it cannot be known whether a paid request was accepted, a run asks (state awaiting_decision).\n' +
        'Look at the activity page of the provider, then give one of the three answers.',
    )
    .addArgument(idArgument())
    .option('--adopt <job-id>', 'the job exists: follow it and save its video')
    .option('--resubmit', 'there is no job: send the request again')
    .option('--abandon', 'end the run')
    .action(async (id, flags) => {
      const { resolve } = await import('../actions/resolve.js');
      process.exitCode = await resolve(id, flags);
    });
}
