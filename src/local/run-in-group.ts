import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Asked to stop, a group has this long before it is killed. */
const GRACE_MS = 2_000;
const KEPT_OUTPUT = 4_096;

export interface GroupOptions {
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Ends the whole group: SIGINT, then SIGKILL. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program in a process group of its own: a Ctrl-C in the terminal does not hit it, and it can be stopped together
 * with everything it started. Resolves with its exit code and the end of what it wrote (at most 4 KiB).
 * @throws the signal's reason, once nothing of the group runs; Error - the program cannot be started
 */
export async function runInGroup(
  command: string,
  args: readonly string[],
  { env, signal }: GroupOptions,
): Promise<{ readonly code: number | null; readonly output: string }> {
  signal?.throwIfAborted();
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  const output = tailOf(child);
  const stop = stopOnAbort(child, signal);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal?.throwIfAborted();
    return { code, output: output() };
  } finally {
    stop();
  }
}

function tailOf(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-KEPT_OUTPUT)));
  }
  return () => tail.trim();
}

function stopOnAbort({ pid }: ChildProcess, signal: AbortSignal | undefined): () => void {
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (pid === undefined) return;
    killGroup(pid, 'SIGINT');
    force = setTimeout(() => {
      killGroup(pid, 'SIGKILL');
    }, GRACE_MS);
  };
  signal?.addEventListener('abort', stop, { once: true });
  return () => {
    signal?.removeEventListener('abort', stop);
    clearTimeout(force);
  };
}

/** `pid` is the group's first process; the group outlives it. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/PID', String(pid), '/T', '/F'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it runs any more.
  }
}
