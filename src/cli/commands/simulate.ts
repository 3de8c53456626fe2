import { hostName } from '../host-name.js';
import { portNumber } from '../numbers.js';
import { Command } from '../typed-commander.js';

export function simulateCommand() {
  return new Command('simulate')
    .summary('run a stand-in for the video API of OpenRouter')
    .description(
      'Serves the video API of OpenRouter on this machine: playable videos, no key, no cost. Runs until Ctrl-C.',
    )
    .option('--port <number>', '0: a free one', portNumber, 8787)
    .option('--host <address>', 'where to listen', hostName, '127.0.0.1')
    .option('--generation <duration>', 'how long a video takes', '10s')
    .option('--journal <file>', 'keep the jobs in this file across restarts')
    .option('--webhook-secret <secret>', 'sign webhooks (default: OPENROUTER_WEBHOOK_SECRET)')
    .action(async (flags) => {
      const { simulate } = await import('../actions/simulate.js');
      process.exitCode = await simulate(flags);
    });
}
