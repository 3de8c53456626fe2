import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import ts from 'typescript';
import type { Simulator } from '../../src/simulator/index.js';

const SOURCE = new URL('../../src/simulator/', import.meta.url);

const MAIN = `
import { startSimulator } from './simulator/index.js';
const simulator = await startSimulator(JSON.parse(process.argv[2]));
console.log(JSON.stringify({ baseUrl: simulator.baseUrl, port: simulator.port }));
`;

/** A folder with a program that starts the simulator alone: it needs nothing but Node. */
export async function buildSimulatorProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-simulator-'));
  await mkdir(join(folder, 'simulator'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'main.js'), MAIN);
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  for (const file of await readdir(SOURCE)) {
    const { outputText } = ts.transpileModule(await readFile(new URL(file, SOURCE), 'utf8'), {
      compilerOptions: options,
    });
    await writeFile(join(folder, 'simulator', file.replace(/ts$/, 'js')), outputText);
  }
  return folder;
}

export interface SimulatorProcess {
  readonly simulator: Simulator;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** A simulator in a process of its own; only its address is known here. */
export async function runSimulator(
  program: string,
  options: Readonly<Record<string, unknown>>,
): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, [join(program, 'main.js'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { baseUrl, port } = JSON.parse(await firstLine(child)) as Pick<Simulator, 'baseUrl' | 'port'>;
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { simulator: { baseUrl, port, ledger: () => [], close: kill }, kill };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error('the simulator ended before it said where it listens');
}
