import { execFile, type ExecFileException } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Takes 0.2 s as a rule; a cold disk under a 250 MB file is given time. */
const VERSION_TIMEOUT_MS = 30_000;

/** Asks an executable whether it is the Temporal CLI. Resolves with what is wrong with it, or `null`. */
export async function temporalCliProblem(path: string, signal?: AbortSignal): Promise<string | null> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS, killSignal: 'SIGKILL', signal });
    return /^temporal version/im.test(stdout) ? null : 'it is not the Temporal CLI';
  } catch (error) {
    signal?.throwIfAborted();
    return problemOf(error as ExecFileException);
  }
}

function problemOf(error: ExecFileException): string {
  if (error.code === 'ENOENT') return 'it does not exist';
  if (error.code === 'EACCES') return 'it may not be executed';
  if (error.killed === true) return `it did not answer --version within ${VERSION_TIMEOUT_MS / 1_000} s`;
  return `--version failed (${error.code ?? error.message})`;
}
