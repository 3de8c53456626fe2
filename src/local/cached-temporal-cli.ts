import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { TEMPORAL_CLI_VERSION } from './build-temporal-cli.js';
import { temporalCliProblem } from './check-temporal-cli.js';
import { executableName } from './executable.js';

/**
 * Everything longtake keeps of the Temporal CLI is in here. `file` is named for the version that longtake builds; what
 * the SDK downloads may be a newer one and serves as well.
 */
export interface CliCache {
  readonly directory: string;
  readonly file: string;
  readonly lock: string;
}

export function cliCache(cacheDir: string): CliCache {
  const directory = join(cacheDir, 'temporal-cli');
  return {
    directory,
    file: join(directory, TEMPORAL_CLI_VERSION, executableName('temporal')),
    lock: join(directory, 'lock'),
  };
}

/** Puts a finished executable under its final name, whole or not at all. @throws Error - it does not run */
export async function keep(cache: CliCache, executable: string, signal?: AbortSignal): Promise<string> {
  const problem = await temporalCliProblem(executable, signal);
  if (problem !== null) throw new Error(`what came out does not run: ${problem}`);
  await mkdir(join(cache.file, '..'), { recursive: true });
  await rename(executable, cache.file);
  return cache.file;
}
