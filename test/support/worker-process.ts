import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A real `longtake worker` in a process of its own, to be killed. */
export interface WorkerProcess {
  readonly pid: number;
  /** Standard error so far. */
  readonly lines: () => string;
  kill(): Promise<void>;
  /** Asks it to drain; resolves with its exit code. */
  terminate(): Promise<number | null>;
}

export async function startWorkerProcess(environment: Record<string, string>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [MAIN, 'worker'], {
    env: { PATH: process.env['PATH'], ...environment, LONGTAKE_LOG_FORMAT: 'json' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      resolve(code);
    });
  });
  await started(child, () => text);
  return {
    pid: child.pid ?? 0,
    lines: () => text,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    terminate: async () => {
      child.kill('SIGTERM');
      return await exited;
    },
  };
}

/** The worker says that it polls. */
async function started(child: ChildProcess, text: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      if (text().includes('"RUNNING"')) resolve();
    };
    child.stderr?.on('data', look);
    child.once('exit', (code) => {
      reject(new Error(`the worker ended with ${String(code)}:\n${text()}`));
    });
  });
}
