import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

const DIST = new URL('../../dist/local/', import.meta.url);

/** One of our modules in a Node process of its own, which can be killed. It runs compiled code, as users do. */
export interface ChildProgram {
  readonly pid: number;
  /** The next JSON line that it writes with `tell`; rejects when it ends instead. */
  next(): Promise<Record<string, unknown>>;
  /** Ends its standard input, which the programs here take for "leave", and waits for its exit code. */
  finish(): Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** `body` is the text of a module; `tell(value)`, `input` and `untilStdinEnds` are given to it. */
export function runChildProgram(moduleName: string, body: string, input: unknown): ChildProgram {
  const program = `
    import * as local from ${JSON.stringify(new URL(`${moduleName}.js`, DIST).href)};
    import { once } from 'node:events';
    const input = JSON.parse(process.argv[1]);
    const tell = (value) => console.log(JSON.stringify(value));
    const untilStdinEnds = async () => { process.stdin.resume(); await once(process.stdin, 'end'); };
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(input)], {
    cwd: fileURLToPath(DIST),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { pid: pidOf(child), ...conversation(child, exited) };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('node did not start');
  return pid;
}

function conversation(child: ChildProcess, exited: Promise<[number | null]>): Omit<ChildProgram, 'pid'> {
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    next: async () => {
      const line = await lines.next();
      if (line.done === true) throw new Error('the program ended');
      return JSON.parse(line.value) as Record<string, unknown>;
    },
    finish: async () => {
      child.stdin?.end();
      const [code] = await exited;
      return code;
    },
    kill: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
}
