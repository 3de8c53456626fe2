import { constants } from 'node:fs';
import { access, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { TemporalUnavailable } from './temporal-unavailable.js';

/** Where everything of one local server lies. */
export interface DataDirectory {
  /** Absolute and without symbolic links: one name for one directory. */
  readonly path: string;
  readonly database: string;
  readonly log: string;
  readonly hostFile: string;
  readonly lock: string;
}

export function dataDirectory(path: string): DataDirectory {
  return {
    path,
    database: join(path, 'temporal.db'),
    log: join(path, 'temporal.log'),
    hostFile: join(path, 'host.json'),
    lock: join(path, 'host.lock'),
  };
}

/** Creates the directory if need be. @throws TemporalUnavailable - it cannot be written, or its path cannot be used */
export async function prepareDataDirectory(path: string): Promise<DataDirectory> {
  const real = await makeWritable(path);
  // Temporal makes a SQLite URI of the path, where these end it or stand for other letters: the data would go elsewhere.
  if (/[?#%]/.test(real)) {
    throw new TemporalUnavailable(
      `The local Temporal server cannot keep its data in ${real}: the path has one of the characters ? # %.\n` +
        'Start in another directory.',
    );
  }
  return dataDirectory(real);
}

async function makeWritable(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    throw new TemporalUnavailable(
      `The local Temporal server cannot keep its data in ${path} (${(error as Error).message}).\n` +
        'Make that directory writable, or start in another one.',
    );
  }
}
