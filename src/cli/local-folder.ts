import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { usageError } from './errors.js';

/** Where `--local` and `dev` keep what must outlive them. Simulated runs and real ones never share a history. */
export interface LocalFolder {
  /** Temporal's. */
  readonly data: string;
  readonly workerLog: string;
  /** The simulator's accepted jobs. */
  readonly journal: string;
}

/** `.longtake/` in the working directory, kept out of version control. @throws CliError - the folder cannot be written */
export async function prepareLocalFolder(simulated: boolean): Promise<LocalFolder> {
  const root = resolve('.longtake');
  const data = join(root, simulated ? 'simulator' : 'openrouter');
  try {
    await mkdir(data, { recursive: true });
    await writeFile(join(root, '.gitignore'), '*\n');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(
      `Runs of this folder are kept in ${root}, which cannot be written (${why}). Change to a folder that can be.`,
    );
  }
  return { data, workerLog: join(data, 'worker.log'), journal: join(data, 'jobs.jsonl') };
}
