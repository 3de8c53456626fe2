import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runningProcesses } from './process-table.js';
import { killGroup } from './run-in-group.js';

const PREFIX = 'unfinished-';

/**
 * Runs `work` in a directory of its own inside `parent`, which is gone afterwards. What stays when the process is
 * killed is found by `sweepStaging`.
 */
export async function inStaging<T>(parent: string, work: (directory: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Ends what dead processes left running in their staging directories, and removes these. Call it under the lock. */
export async function sweepStaging(parent: string): Promise<void> {
  const running = await runningProcesses();
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    // Our own pid means an earlier process of that number: under the lock we have nothing here yet.
    const alive = owner !== process.pid && running.some(({ pid }) => pid === owner);
    if (Number.isNaN(owner) || alive) continue;
    const directory = join(parent, name);
    for (const { pid } of running.filter(({ commandLine }) => commandLine.includes(directory)))
      killGroup(pid, 'SIGKILL');
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
