import { Argument, Command } from '../typed-commander.js';

export function completionCommand() {
  return new Command('completion')
    .summary('print what makes a shell complete commands and flags')
    .description(
      'Prints a script that makes a shell complete the commands, flags and values of longtake. For example:\n' +
        '  source <(longtake completion bash)',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish'] as const))
    .action(async (shell, _flags, { parent }) => {
      const { completion } = await import('../actions/completion.js');
      if (parent !== null) process.exitCode = completion(shell, parent);
    });
}
