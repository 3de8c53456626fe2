import { pino, type DestinationStream } from 'pino';

/** What cannot be written waits for a while, up to so much; then lines are lost. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Lines to a file, or to a descriptor. That they cannot be written, such as on a full disk, ends no process: what it does
 * may just be paid for. `onLoss` is told how many lines were lost, once writing works again.
 * @throws the system's error - there is no such file, and it cannot be made
 */
export function openLogDestination(dest: string | number, onLoss: (lines: number) => void): DestinationStream {
  const lines = pino.destination({ dest, sync: true, maxLength: KEPT_BYTES });
  let lost = 0;
  lines.on('error', () => undefined);
  lines.on('drop', () => {
    lost += 1;
    lines.write(''); // what waits is tried again, which a line that is dropped does not do
  });
  lines.on('drain', () => {
    if (lost > 0) onLoss(lost);
    lost = 0;
  });
  return lines;
}
