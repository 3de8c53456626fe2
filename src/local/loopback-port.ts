import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Listens on a loopback port; 0 lets the OS choose. Resolves with the port, or `null` when it is taken. */
export async function listenOnLoopback(server: Server, port: number): Promise<number | null> {
  server.listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return null;
  }
}

/** Nobody listens on it now. Somebody may a moment later: whoever uses it must be ready to lose it. */
export async function isFreePort(port: number): Promise<boolean> {
  // Some systems let us bind where another program listens on all addresses, so ask for an answer first.
  if (await isAnswering(port)) return false;
  const server = createServer();
  const free = (await listenOnLoopback(server, port)) !== null;
  server.close();
  return free;
}

/** Two different ports of the OS's choice, free a moment ago. */
export async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  const [first, second] = await Promise.all([listenOnLoopback(servers[0], 0), listenOnLoopback(servers[1], 0)]);
  for (const server of servers) server.close();
  if (first === null || second === null) throw new Error('the system has no free port');
  return [first, second];
}

async function isAnswering(port: number): Promise<boolean> {
  const socket = connect(port, LOOPBACK);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
