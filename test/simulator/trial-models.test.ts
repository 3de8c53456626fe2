import { afterEach, expect, it } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { content, messageOf, poll, REQUEST, submit, submitted } from './video-api.js';

const running: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ generationMs: 0, ...options });
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

it.each([
  ['simulator/fails', 'failed', 409],
  ['simulator/dead', 'dead', 409],
  ['simulator/cancelled', 'cancelled', 409],
  ['simulator/expired', 'expired', 410],
  ['simulator/never-finishes', 'in_progress', 409],
])('%s ends as %s, and its content answers %i', async (model, status, contentStatus) => {
  const simulator = await start();
  const id = await submitted(simulator, { model });
  expect((await poll(simulator, id)).body).toMatchObject({ status });
  expect((await content(simulator, id)).status).toBe(contentStatus);
});

it.each([
  ['simulator/rejects', 400],
  ['simulator/no-credits', 402],
])('%s is refused with %i and leaves no job', async (model, status) => {
  const simulator = await start();
  expect((await submit(simulator, { ...REQUEST, model })).status).toBe(status);
  expect(simulator.ledger()).toEqual([]);
});

it('simulator/rate-limited-once turns a prompt away with Retry-After, and takes it the next time', async () => {
  const simulator = await start();
  const request = { ...REQUEST, model: 'simulator/rate-limited-once' };
  const refused = await submit(simulator, request);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
  expect(refused.body).toMatchObject({ error: { code: 429, availability: { retryable: true, retry_after: 2 } } });
  expect((await submit(simulator, { ...request, prompt: 'another' })).status).toBe(429);
  expect((await submit(simulator, request)).status).toBe(202);
  expect(simulator.ledger()).toHaveLength(1);
});

it('simulator/answer-lost breaks the connection, but the job exists and the log names it', async () => {
  const lines: string[] = [];
  const simulator = await start({ log: (line) => lines.push(line) });
  await expect(submit(simulator, { ...REQUEST, model: 'simulator/answer-lost' })).rejects.toThrow();
  const [job] = simulator.ledger();
  await expect.poll(() => lines.join()).toContain(`longtake resolve ID --adopt ${job?.id ?? 'missing'}`);
  expect((await poll(simulator, job?.id ?? '')).body).toMatchObject({ status: 'completed' });
});

it('simulator/broken-download cuts the first transfer of each output in the middle, not the second', async () => {
  const simulator = await start();
  const id = await submitted(simulator, { model: 'simulator/broken-download' });
  const first = await content(simulator, id);
  const announced = Number(first.headers.get('content-length'));
  await expect(first.arrayBuffer()).rejects.toThrow();
  const second = await content(simulator, id);
  expect((await second.arrayBuffer()).byteLength).toBe(announced);
});

it('simulator/not-a-video sends a page with 200', async () => {
  const simulator = await start();
  const response = await content(simulator, await submitted(simulator, { model: 'simulator/not-a-video' }));
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html']);
  expect(await response.text()).toContain('<!doctype html>');
});

it('simulator/two-outputs has two different videos', async () => {
  const simulator = await start();
  const id = await submitted(simulator, { model: 'simulator/two-outputs' });
  expect((await poll(simulator, id)).body.unsigned_urls).toHaveLength(2);
  const [one, two] = await Promise.all(
    [0, 1].map(async (index) => (await content(simulator, id, {}, index)).headers.get('etag')),
  );
  expect(one).not.toBe(two);
  expect((await content(simulator, id, {}, 2)).status).toBe(400);
});

it('simulator/slow takes its minute whatever the simulator was told', async () => {
  const simulator = await start();
  const id = await submitted(simulator, { model: 'simulator/slow' });
  expect((await poll(simulator, id)).body.status).not.toBe('completed');
});

it('a trial model checks its request like the model it is made after', async () => {
  const simulator = await start();
  const answer = await submit(simulator, { ...REQUEST, model: 'simulator/fails', duration: 5 });
  expect(messageOf(answer)).toContain('it takes 8, 4, 6.');
});
