import { idArgument } from '../run-id.js';
import { Command } from '../typed-commander.js';

export function urlCommand() {
  return new Command('url')
    .summary('print where a saved video can be fetched')
    .description(
      'Prints an address for every video that a run has saved: for S3 a signed link that anybody can open until it ' +
        'expires, for a directory the address of the file. The link is printed here and kept nowhere.',
    )
    .addArgument(idArgument())
    .option('--expires <duration>', 'how long a signed link works, at most 7d', '1h')
    .action(async (id, flags) => {
      const { url } = await import('../actions/url.js');
      process.exitCode = await url(id, flags);
    });
}
