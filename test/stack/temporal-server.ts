import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { executableName } from '../../src/local/executable.js';
import { waitUntil } from '../../src/local/wait-until.js';
import { installedByGo } from '../support/go-install.js';
import type { ComposeService } from './compose-service.js';
import { lowPorts } from './low-ports.js';

/** Every port that the server binds; in a container they all have their defaults. */
const PORTS = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;
const START_MS = 60_000;

/** The server proper, not the dev server: `temporal-server` as in the image `temporalio/server`. */
export interface TemporalServer {
  readonly address: string;
  /** With SIGKILL: it hands nothing over. */
  kill(): Promise<void>;
  /** After a kill, at the same address. */
  restart(): Promise<void>;
  /** The end of what it wrote. */
  output(): string;
}

/** `temporal-server` and, from the image `temporalio/admin-tools`, `temporal-sql-tool`; the directory that they are in. */
export async function temporalPrograms(version: string): Promise<string> {
  return await installedByGo({
    name: 'temporal-server',
    version: `v${version}`,
    packages: {
      'temporal-server': 'go.temporal.io/server/cmd/server',
      'temporal-sql-tool': 'go.temporal.io/server/cmd/tools/sql',
    },
    takes: 'five to ten minutes on two cores',
  });
}

export async function startTemporalServer(
  programs: string,
  { environment }: ComposeService,
  folder: string,
): Promise<TemporalServer> {
  for (;;) {
    const ports = await lowPorts(PORTS.length);
    const env = { ...environment, ...Object.fromEntries(PORTS.map((name, index) => [name, String(ports[index])])) };
    const start = async () => await tryServer(path.join(programs, executableName('temporal-server')), env, folder);
    let running = await start();
    if (running === null) continue;
    return {
      output: () => running?.output() ?? '',
      address: `127.0.0.1:${env.FRONTEND_GRPC_PORT ?? ''}`,
      async kill() {
        await running?.kill();
      },
      async restart() {
        // A connection of somebody else's may have one of the ports for a moment.
        const restarted = async () => (running = await start()) !== null;
        if (!(await waitUntil(restarted, { timeoutMs: START_MS }))) throw new Error('Temporal did not start again');
      },
    };
  }
}

interface ServerProcess {
  kill(): Promise<void>;
  output(): string;
}

/** Resolves when it listens; `null`: somebody else took a port in the meantime. */
async function tryServer(program: string, env: Record<string, string>, cwd: string): Promise<ServerProcess | null> {
  // As the image's entrypoint does.
  const child = spawn(program, ['start'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-8_192)));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const listens = async () => !isRunning(child) || (await accepts(Number(env['FRONTEND_GRPC_PORT'])));
  const isThere = await waitUntil(listens, { timeoutMs: START_MS });
  if (isThere && isRunning(child)) return { kill, output: () => said };
  await kill();
  if (said.includes('address already in use')) return null;
  throw new Error(`Temporal did not start: ${said}`);
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
