import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';

export interface DevServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** A real Temporal dev server in memory. */
export async function startDevServer(cli: string, extra: readonly string[] = []): Promise<DevServer> {
  const port = await freePort();
  const attributes = Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
  const child = spawn(
    cli,
    ['server', 'start-dev', '--headless', '--port', String(port), '--log-level', 'error', ...attributes]
      // Timers shorter than a second would fire up to 0.9 s late on a default server.
      .concat('--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"')
      .concat(extra),
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  const address = `127.0.0.1:${port}`;
  const connection = await Connection.connect({ address, connectTimeout: 60_000 });
  await connection.close();
  return {
    address,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
