import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../src/local/cache-directory.js';
import { withFileLock } from '../../src/local/file-lock.js';

const run = promisify(execFile);

const TEMPORALIO = '1.35.0';
/** A download of some 15 MB, perhaps by another test file. */
const INSTALL_MS = 5 * 60_000;

/**
 * A Python that has Temporal's client. Made once, and kept among the user's cached files; the mark says that the
 * installation came to its end.
 */
export async function pythonWithTemporal(): Promise<string> {
  const parent = join(cacheDirectory(), 'python');
  const home = join(parent, `temporalio-${TEMPORALIO}`);
  const executable = join(home, 'bin', 'python');
  const mark = join(home, 'installed');
  await mkdir(parent, { recursive: true });
  return await withFileLock(`${home}.lock`, { timeoutMs: INSTALL_MS, onWait: () => undefined }, async () => {
    if (existsSync(mark)) return executable;
    await run('python3', ['-m', 'venv', '--clear', home]);
    await run(executable, ['-m', 'pip', 'install', '--quiet', `temporalio==${TEMPORALIO}`]);
    await writeFile(mark, '');
    return executable;
  });
}
