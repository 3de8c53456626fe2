import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('./broken-sync.c', import.meta.url));

/** A disk that cannot keep what it was given: for processes with this environment, `fsync` fails with EIO until it is mended. */
export interface BrokenSync {
  environment(what: 'file' | 'folder'): Record<string, string>;
  break(): Promise<void>;
  mend(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Broken from the start. `null` where there is no C compiler, or another system than Linux, whose processes take no
 * libraries from `LD_PRELOAD`; tests then say that they were skipped.
 */
export async function compileBrokenSync(): Promise<BrokenSync | null> {
  if (process.platform !== 'linux') return null;
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-sync-'));
  const library = path.join(directory, 'broken-sync.so');
  const flag = path.join(directory, 'broken');
  const remove = (): Promise<void> => rm(directory, { recursive: true });
  try {
    await promisify(execFile)('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', library, SOURCE]);
  } catch (error) {
    await remove();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const breakIt = (): Promise<void> => writeFile(flag, '');
  await breakIt();
  return {
    environment: (what) => ({ LD_PRELOAD: library, BROKEN_SYNC: what, BROKEN_SYNC_WHILE: flag }),
    break: breakIt,
    mend: () => rm(flag, { force: true }),
    remove,
  };
}
