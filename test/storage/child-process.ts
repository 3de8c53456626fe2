import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { ChildAnswer, ChildTask } from './child.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const OPTIONS = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
const SOURCES = ['src/contract', 'src/storage', 'test/storage'];

/** Compiles what the child needs into a new directory, types unchecked, and returns the program's path. */
export async function compileChild(): Promise<{ program: string; directory: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-child-'));
  await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
  for (const folder of SOURCES) {
    await mkdir(path.join(directory, folder), { recursive: true });
    const files = await readdir(path.join(PROJECT, folder));
    for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
      const source = await readFile(path.join(PROJECT, folder, file), 'utf8');
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: OPTIONS,
      });
      await writeFile(path.join(directory, folder, file.replace(/\.ts$/, '.js')), outputText);
    }
  }
  return { program: path.join(directory, 'test/storage/child.js'), directory };
}

interface RunningChild {
  readonly process: ChildProcess;
  /** The next thing that the child says. */
  answer(): Promise<ChildAnswer>;
}

/** @param limits - shell commands that run first, such as `ulimit -n 64` */
export function startChild(
  program: string,
  task: ChildTask,
  limits = 'true',
  environment: Readonly<Record<string, string>> = {},
): RunningChild {
  const command = `${limits}; exec "$0" "$@"`;
  const child = spawn('/bin/sh', ['-c', command, process.execPath, program, JSON.stringify(task)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    async answer() {
      const line = await lines.next();
      if (line.done === true) throw new Error('the child ended without a word');
      return JSON.parse(line.value) as ChildAnswer;
    },
  };
}

export async function runChild(
  program: string,
  task: ChildTask,
  limits?: string,
  environment?: Readonly<Record<string, string>>,
): Promise<ChildAnswer> {
  const child = startChild(program, task, limits, environment);
  const ended = once(child.process, 'exit');
  const answer = await child.answer();
  await ended;
  return answer;
}
