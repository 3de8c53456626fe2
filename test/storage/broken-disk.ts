import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('./broken-disk.c', import.meta.url));

/** What a disk can have: `file` and `folder` cannot be synced (EIO), or `link` is refused with the error of that name. */
export type DiskFault = 'file' | 'folder' | 'EPERM' | 'EXDEV';

/** A disk in trouble, for processes with this environment, until it is mended. */
export interface BrokenDisk {
  environment(fault: DiskFault): Record<string, string>;
  break(): Promise<void>;
  mend(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Broken from the start. `null` where there is no C compiler, or another system than Linux, whose processes take no
 * libraries from `LD_PRELOAD`; tests then say that they were skipped.
 */
export async function compileBrokenDisk(): Promise<BrokenDisk | null> {
  if (process.platform !== 'linux') return null;
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-disk-'));
  const library = path.join(directory, 'broken-disk.so');
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
    environment: (fault) => ({
      LD_PRELOAD: library,
      BROKEN_WHILE: flag,
      ...(fault === 'file' || fault === 'folder'
        ? { BROKEN_SYNC: fault }
        : { BROKEN_LINK: String(constants.errno[fault]) }),
    }),
    break: breakIt,
    mend: () => rm(flag, { force: true }),
    remove,
  };
}
