import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** A library that takes calls before the C library does, in processes that have it in `LD_PRELOAD`. */
export interface Preload {
  readonly library: string;
  /** Its own, for what it is told. */
  readonly directory: string;
  readonly remove: () => Promise<void>;
}

/**
 * `null` where there is no C compiler, or another system than Linux, whose processes take no libraries from `LD_PRELOAD`;
 * tests then say that they were skipped.
 */
export async function compilePreload(source: string): Promise<Preload | null> {
  if (process.platform !== 'linux') return null;
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-preload-'));
  const library = path.join(directory, 'preload.so');
  const remove = (): Promise<void> => rm(directory, { recursive: true });
  try {
    await promisify(execFile)('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', library, source]);
  } catch (error) {
    await remove();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return { library, directory, remove };
}
