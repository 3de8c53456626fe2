import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Builds the Go program in `directory`, and resolves with the executable, in a new temporary directory. */
export async function buildGo(directory: string): Promise<string> {
  const executable = join(await mkdtemp(join(tmpdir(), 'longtake-go-')), 'program');
  await run('go', ['build', '-o', executable, '.'], { cwd: directory });
  return executable;
}
