import { existsSync, openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** A log that has grown beyond this becomes `<name>.1` at the next start, in place of the one before. */
const ROTATE_BYTES = 1024 * 1024;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 5;

/** Opens the log for appending and returns its file descriptor. */
export function openServerLog(path: string): number {
  if (existsSync(path) && statSync(path).size > ROTATE_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** The last lines that were written after byte `from`. */
export async function logTail(path: string, from = 0): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-TAIL_LINES).join('\n');
  } finally {
    await file.close();
  }
}
