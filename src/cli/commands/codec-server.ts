import { hostName } from '../host-name.js';
import { portNumber } from '../numbers.js';
import { Command } from '../typed-commander.js';

export function codecServerCommand() {
  return new Command('codec-server')
    .summary('let the UI and the CLI of Temporal read encrypted runs')
    .description(
      'Decrypts and encrypts for the UI and the CLI of Temporal, until Ctrl-C. Configured by LONGTAKE_ENCRYPTION_KEY, ' +
        'LONGTAKE_ENCRYPTION_OLD_KEYS and LONGTAKE_CODEC_TOKEN, which callers must show.',
    )
    .option('--port <number>', '0: a free one', portNumber, 8089)
    .option('--host <address>', 'where to listen', hostName, '127.0.0.1')
    .option('--origin <origins...>', 'where the UI is', ['http://localhost:8233', 'http://127.0.0.1:8233'])
    .action(async (flags) => {
      const { codecServer } = await import('../actions/codec-server.js');
      process.exitCode = await codecServer(flags);
    });
}
