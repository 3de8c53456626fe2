import { Client } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnector } from '../../src/openrouter/connection.js';
import { reply, startRawServer } from './raw-server.js';

function clientFor(origin: string, address: string): Client {
  const client = new Client(origin, { connect: createConnector(1_000, [{ address, family: 4 }]) });
  onTestFinished(() => client.destroy());
  return client;
}

describe('a pinned connection', () => {
  it('ends at the checked address, whatever the name resolves to meanwhile', async () => {
    const server = await startRawServer((socket) => socket.write(reply(200)));
    const unresolvable = `http://${'a'.repeat(70)}.invalid:${server.port}`;
    const { statusCode } = await clientFor(unresolvable, '127.0.0.1').request({ path: '/', method: 'GET' });
    expect(statusCode).toBe(200);
    expect(server.requests).toHaveLength(1);
  });

  it('is given up before anything is sent when it ends anywhere else', async () => {
    const server = await startRawServer((socket) => socket.write(reply(200)));
    const request = clientFor(server.origin, '93.184.215.14').request({ path: '/', method: 'GET' });
    await expect(request).rejects.toThrow('did not end at a checked address');
    expect(server.requests).toHaveLength(0);
  });
});
