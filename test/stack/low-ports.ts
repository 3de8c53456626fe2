import { randomInt } from 'node:crypto';
import { isFreePort } from '../../src/local/loopback-port.js';

/**
 * Different loopback ports that were free a moment ago, below those that systems give away by themselves: Temporal's schema for
 * PostgreSQL keeps a port as a smallint. It also means that no outgoing connection gets one while the server is down.
 */
export async function lowPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 32_768);
    if (await isFreePort(port)) ports.add(port);
  }
  return [...ports];
}
