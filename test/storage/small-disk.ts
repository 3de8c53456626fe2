import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A real file system of one megabyte, in memory. */
export interface SmallDisk {
  readonly directory: string;
  makeReadOnly(): Promise<void>;
  remove(): Promise<void>;
}

/** `null` where this user may not mount; tests then say that they were skipped, and have a second way. */
export async function mountSmallDisk(): Promise<SmallDisk | null> {
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]);
  } catch {
    await rm(directory, { recursive: true });
    return null;
  }
  return {
    directory,
    async makeReadOnly() {
      await run('mount', ['-o', 'remount,ro', directory]);
    },
    async remove() {
      await run('umount', ['-l', directory]);
      await rm(directory, { recursive: true });
    },
  };
}
