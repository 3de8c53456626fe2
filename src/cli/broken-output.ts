import { EXIT } from './exit-codes.js';
import { complain } from './output.js';

/** From here on no command is cut off because its output cannot be written: its run may just be paid for. */
export function outliveBrokenOutput(): void {
  // There is nobody left to tell.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no error.
    if (error.code !== 'EPIPE') failAtTheEnd(error);
  });
}

let failed = false;

function failAtTheEnd({ message }: Error): void {
  if (failed) return;
  failed = true;
  complain(`Standard output cannot be written (${message}): the result is not all there.`);
  process.on('exit', () => {
    process.exitCode ||= EXIT.failed;
  });
}
