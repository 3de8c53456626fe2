import { Command, Option } from '../typed-commander.js';

export function workerCommand() {
  return new Command('worker')
    .summary('do the work of all runs (production)')
    .description(
      'Runs a worker until SIGTERM or Ctrl-C, then finishes what is under way. Configured by the environment ' +
        '(OPENROUTER_API_KEY, TEMPORAL_ADDRESS, LONGTAKE_STORAGE, …).',
    )
    .addOption(
      new Option('--lane <lane>', 'take only this part of the work')
        .choices(['all', 'control', 'downloads'] as const)
        .default('all' as const),
    )
    .action(async ({ lane }) => {
      const { worker } = await import('../actions/worker.js');
      process.exitCode = await worker(lane);
    });
}
