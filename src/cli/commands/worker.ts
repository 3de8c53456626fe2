import { Command } from '../typed-commander.js';

export function workerCommand() {
  return new Command('worker')
    .summary('do the work of all runs (production)')
    .description(
      'Runs a worker until SIGTERM or Ctrl-C, then finishes what is under way. Configured by the environment\n' +
        '(OPENROUTER_API_KEY, TEMPORAL_ADDRESS, LONGTAKE_STORAGE, …).',
    )
    .action(async () => {
      const { worker } = await import('../actions/worker.js');
      process.exitCode = await worker();
    });
}
