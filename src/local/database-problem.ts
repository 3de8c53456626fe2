import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

import { adoptCommand, shellWord } from '../contract/commands.js';

const LOCKED = /database is locked/;
const UNUSABLE = /file is not a database|disk image is malformed|no such table|unable to open database file/;

/** What is wrong with the database, as far as a server that did not start tells, and what to do; else `null`. */
export async function databaseProblem(database: string, said: string): Promise<string | null> {
  const refusal = await refusalOf(database);
  if (refusal !== null) {
    return `The local Temporal server may not write its database ${database} (${refusal}).\nMake the file writable for this user, or start in another folder.`;
  }
  if (LOCKED.test(said)) {
    return `Another process holds the local Temporal server's database ${database}.\nEnd that process (to see which: fuser ${shellWord(database)}), then try again.`;
  }
  const [why] = UNUSABLE.exec(said) ?? [];
  return why === undefined ? null : unusable(database, why);
}

/** Another user's file, a file system that is read-only. */
async function refusalOf(database: string): Promise<string | null> {
  try {
    await access(database, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? null : code;
  }
}

function unusable(database: string, why: string): string {
  return (
    `The local Temporal server cannot use its database ${database}: it is damaged, or none (${why}).\n` +
    `To begin with a new one, move it away. The runs of this folder and their histories are lost then; saved videos stay, and so do jobs, which can be taken up again: ${adoptCommand('JOB_ID', null)}`
  );
}
