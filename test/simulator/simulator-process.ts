import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Simulator } from '../../src/simulator/index.js';

const SIMULATOR = fileURLToPath(new URL('../../dist/simulator/index.js', import.meta.url));

const PROGRAM = `
const [module, options] = process.argv.slice(1);
const simulator = await (await import(module)).startSimulator(JSON.parse(options));
console.log(JSON.stringify({ baseUrl: simulator.baseUrl, port: simulator.port }));
`;

export interface SimulatorProcess {
  readonly simulator: Simulator;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** A simulator in a process of its own; only its address is known here. */
export async function runSimulator(options: Readonly<Record<string, unknown>>): Promise<SimulatorProcess> {
  const program = ['--input-type=module', '--eval', PROGRAM, SIMULATOR, JSON.stringify(options)];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
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
