import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { poll, submitted } from './video-api.js';

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let receiver: Server;
let address: string;
let answers: number[];
let deliveries: Delivery[];
const running: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ generationMs: 0, ...options });
  running.push(simulator);
  return simulator;
}

beforeEach(async () => {
  answers = [];
  deliveries = [];
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      deliveries.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
  receiver.closeAllConnections();
  receiver.close();
});

it('tells the callback address about the end, signed over the raw body', async () => {
  const simulator = await start({ webhookSecret: 'a secret' });
  const id = await submitted(simulator, { callback_url: address });
  await expect.poll(() => deliveries.length).toBe(1);
  const [{ headers, body } = { headers: {}, body: '' }] = deliveries;
  const data: Record<string, unknown> = { ...(await poll(simulator, id)).body };
  delete data.polling_url;
  expect(JSON.parse(body)).toEqual({
    type: 'video.generation.completed',
    created_at: expect.any(String) as string,
    data,
  });
  expect(headers['x-openrouter-idempotency-key']).toBe(`${id}-completed`);
  const [, time = '', signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-openrouter-signature'])) ?? [];
  expect(signature).toBe(createHmac('sha256', 'a secret').update(`${time},${body}`).digest('hex'));
  expect(Math.abs(Date.now() / 1000 - Number(time))).toBeLessThan(300);
});

it('sends unsigned events without a secret, and tells the type of a bad end', async () => {
  const simulator = await start();
  await submitted(simulator, { model: 'simulator/cancelled', callback_url: address });
  await expect.poll(() => deliveries.length).toBe(1);
  expect(deliveries[0]?.headers).not.toHaveProperty('x-openrouter-signature');
  expect(JSON.parse(deliveries[0]?.body ?? '')).toMatchObject({ type: 'video.generation.cancelled' });
});

it('tells the address also about a job whose answer was lost', async () => {
  const simulator = await start();
  await expect(submitted(simulator, { model: 'simulator/answer-lost', callback_url: address })).rejects.toThrow();
  await expect.poll(() => deliveries.length).toBe(1);
  expect(deliveries[0]?.body).toContain(simulator.ledger()[0]?.id);
});

it('tries again after a refusal, with the same key, and gives up after three', async () => {
  const lines: string[] = [];
  const simulator = await start({ log: (line) => lines.push(line) });
  answers = [500, 503, 404, 204];
  const id = await submitted(simulator, { callback_url: address });
  await expect.poll(() => lines.at(-1), { timeout: 30_000 }).toBe(`webhook ${id}-completed → 404 (try 3 of 3)`);
  expect(new Set(deliveries.map(({ headers }) => headers['x-openrouter-idempotency-key']))).toEqual(
    new Set([`${id}-completed`]),
  );
  expect(deliveries).toHaveLength(3);
});

it('is silent after close, however many events were waiting', async () => {
  const warnings: Error[] = [];
  const listener = (warning: Error): number => warnings.push(warning);
  process.on('warning', listener);
  const simulator = await start({ generationMs: 1_000 });
  await Promise.all(Array.from({ length: 20 }, () => submitted(simulator, { callback_url: address })));
  await simulator.close();
  const closedAt = Date.now();
  const other = await start({ generationMs: 1_000 });
  const id = await submitted(other, { callback_url: address });
  await expect.poll(() => deliveries.some(({ body }) => body.includes(id))).toBe(true);
  const ofClosed = simulator.ledger().map((job) => job.id);
  const events = deliveries.map(({ body }) => JSON.parse(body) as { created_at: string; data: { id: string } });
  const late = events.filter(({ created_at: at, data }) => ofClosed.includes(data.id) && Date.parse(at) > closedAt);
  expect(late).toEqual([]);
  process.off('warning', listener);
  expect(warnings).toEqual([]);
});
