import { simulatedGenerationOption } from '../run-flags.js';
import { Command } from '../typed-commander.js';

export function devCommand() {
  return new Command('dev')
    .summary('run everything here: Temporal with its UI, and a worker')
    .description(
      'Runs Temporal (with its UI; history is kept in .longtake/) and a worker until Ctrl-C.\n' +
        'Without OPENROUTER_API_KEY the built-in simulator makes the videos, and nothing is paid.',
    )
    .addOption(simulatedGenerationOption)
    .action(async (flags) => {
      const { dev } = await import('../actions/dev.js');
      process.exitCode = await dev(flags);
    });
}
