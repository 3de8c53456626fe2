import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';

export interface DevServer {
  readonly address: string;
  /** `null` where it was started without. */
  readonly uiUrl: string | null;
  stop(): Promise<void>;
}

export interface DevServerOptions {
  /** Without longtake's search attributes, as a server is that has never heard of it. */
  readonly bare?: boolean;
  /** With Temporal's UI. */
  readonly ui?: boolean;
  readonly flags?: readonly string[];
}

/** A real Temporal dev server in memory. */
export async function startDevServer(cli: string, options: DevServerOptions = {}): Promise<DevServer> {
  for (;;) {
    const server = await tryDevServer(cli, await freePort(), options);
    if (server !== null) return server;
  }
}

/** `null`: somebody else took the port in the meantime. */
async function tryDevServer(cli: string, port: number, options: DevServerOptions): Promise<DevServer | null> {
  const uiPort = options.ui === true ? await freePort() : null;
  const child = spawn(cli, commandLine(port, uiPort, options), { stdio: 'ignore' });
  const exited = new Promise<null>((resolve) =>
    child.once('exit', () => {
      resolve(null);
    }),
  );
  const address = `127.0.0.1:${port}`;
  const answer = await Promise.race([exited, Connection.connect({ address, connectTimeout: 60_000 })]);
  if (answer === null || child.exitCode !== null) return null;
  await answer.close();
  return {
    address,
    uiUrl: uiPort === null ? null : `http://127.0.0.1:${uiPort}`,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function commandLine(port: number, uiPort: number | null, { bare = false, flags = [] }: DevServerOptions): string[] {
  const attributes = bare
    ? []
    : Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  return [
    ...['server', 'start-dev', '--port', String(port), '--log-level', 'error'],
    ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]),
    // Timers shorter than a second would fire up to 0.9 s late on a default server.
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    ...attributes,
    ...flags,
  ];
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
