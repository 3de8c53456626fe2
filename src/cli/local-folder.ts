import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Where `--local` and `dev` keep what must outlive them. Simulated runs and real ones never share a history. */
export interface LocalFolder {
  /** Temporal's. */
  readonly data: string;
  readonly workerLog: string;
  /** The simulator's accepted jobs. */
  readonly journal: string;
}

/** `.longtake/` in the working directory, kept out of version control. */
export async function prepareLocalFolder(simulated: boolean): Promise<LocalFolder> {
  const root = resolve('.longtake');
  const data = join(root, simulated ? 'simulator' : 'openrouter');
  await mkdir(data, { recursive: true });
  await writeFile(join(root, '.gitignore'), '*\n');
  return { data, workerLog: join(data, 'worker.log'), journal: join(data, 'jobs.jsonl') };
}
