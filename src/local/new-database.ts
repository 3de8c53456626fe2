import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';

/*
 * The server makes its tables only when the file is not there yet. Killed while it does, it leaves a file that it can
 * never use. A mark beside the file says that the server has not served from it, so that no run can be in it.
 */

/** Before the server starts: puts away what a start that was broken off left, and marks a database that is new. */
export async function beginDatabase(database: string): Promise<void> {
  if (existsSync(markOf(database)) && existsSync(database)) {
    await rename(database, `${database}.unfinished`);
    for (const suffix of ['-journal', '-wal', '-shm']) await rm(`${database}${suffix}`, { force: true });
  }
  if (!existsSync(database)) await writeFile(markOf(database), '');
}

/** Once the server serves: from now on the file may hold runs. */
export async function databaseServes(database: string): Promise<void> {
  await rm(markOf(database), { force: true });
}

function markOf(database: string): string {
  return `${database}.new`;
}
