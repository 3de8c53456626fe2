import { rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilePreload } from '../support/preload.js';

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

/** Broken from the start. `null` where no such thing can be made. */
export async function compileBrokenDisk(): Promise<BrokenDisk | null> {
  const preload = await compilePreload(SOURCE);
  if (preload === null) return null;
  const { library, directory, remove } = preload;
  const flag = path.join(directory, 'broken');
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
