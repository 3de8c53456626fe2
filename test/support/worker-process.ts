import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A real `longtake worker` in a process of its own, to be killed. */
export interface WorkerProcess {
  readonly pid: number;
  /** Standard error so far. */
  readonly lines: () => string;
  /** Resolves once it has said this; fails when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(): Promise<void>;
  /** Asks it to drain; resolves with its exit code. */
  terminate(): Promise<number | null>;
}

export interface WorkerProcessOptions {
  /** Of `longtake worker`. */
  readonly flags?: readonly string[];
  /** The command line of another build. Default: that of this one. */
  readonly main?: string;
}

export async function startWorkerProcess(
  environment: Readonly<Record<string, string>>,
  { flags = [], main = MAIN }: WorkerProcessOptions = {},
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [main, 'worker', ...flags], {
    env: { PATH: process.env['PATH'], ...environment, LONGTAKE_LOG_FORMAT: 'json' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  // Not at its exit: what it said last may still be on its way.
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const says = async (pattern: RegExp): Promise<RegExpExecArray> =>
    await new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
      };
      look();
      child.stderr.on('data', look);
      void closed.then((code) => {
        reject(new Error(`the worker ended with ${String(code)}:\n${text}`));
      });
    });
  await says(/"RUNNING"/);
  return {
    pid: child.pid ?? 0,
    lines: () => text,
    says,
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
    terminate: async () => {
      child.kill('SIGTERM');
      return await closed;
    },
  };
}

/** Where a worker with `LONGTAKE_HTTP_ADDRESS=127.0.0.1:0` listens. */
export async function httpAddressOf(worker: WorkerProcess): Promise<string> {
  const [, address = ''] = await worker.says(/"http":"([^"]+)".*"worker started"/);
  return address;
}
