import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.js';
import { runSimulator } from './simulator-process.js';
import { content, poll, REQUEST, submit, submitted } from './video-api.js';

let folder: string;
let journal: string;
const running: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longtake-journal-'));
  journal = join(folder, 'not', 'there', 'yet', 'jobs.jsonl');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
  await rm(folder, { recursive: true });
});

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ generationMs: 0, journal, ...options });
  running.push(simulator);
  return simulator;
}

it('a killed simulator loses no job that it accepted, and its successor goes on with the same bytes', async () => {
  const first = await runSimulator({ journal, generationMs: 0 });
  running.push(first.simulator);
  const id = await submitted(first.simulator);
  const before = Buffer.from(await (await content(first.simulator, id)).arrayBuffer());
  await first.kill();
  const second = await start({ generationMs: 3_600_000 });
  expect((await poll(second, id)).body).toMatchObject({ status: 'completed', usage: { cost: 0.12 } });
  expect(Buffer.from(await (await content(second, id)).arrayBuffer()).equals(before)).toBe(true);
});

it('no answer without a journal entry: whatever moment the kill hits, every 202 is known afterwards', async () => {
  const first = await runSimulator({ journal, generationMs: 0 });
  running.push(first.simulator);
  const accepted: string[] = [];
  const submitting = Promise.allSettled(
    Array.from({ length: 4 }, async () => {
      for (;;) accepted.push(await submitted(first.simulator));
    }),
  );
  await expect.poll(() => accepted.length).toBeGreaterThan(20);
  await first.kill();
  await submitting;
  const known = (await start()).ledger().map(({ id }) => id);
  expect(known).toEqual(expect.arrayContaining(accepted));
});

it('two simulators on one journal know the jobs of each other, without a restart', async () => {
  const [one, other] = [await start(), await start()];
  const id = await submitted(one);
  expect((await poll(other, id)).status).toBe(200);
  const second = await submitted(other);
  expect(one.ledger().map((job) => job.id)).toEqual([id, second]);
});

it('a line torn by a kill costs neither the jobs before it nor the ones after it', async () => {
  const first = await start();
  const id = await submitted(first);
  const [line = ''] = (await readFile(journal, 'utf8')).trim().split('\n');
  await appendFile(journal, `\n${line.slice(0, line.length / 2)}`);
  const second = await start();
  const next = await submitted(second);
  expect((await start()).ledger().map((job) => job.id)).toEqual([id, next]);
});

it('lines that are no jobs are skipped', async () => {
  const first = await start();
  const id = await submitted(first);
  await appendFile(journal, '\nnull\n42\n{"id":"gen-vid-1"}\n[]\n');
  expect((await start()).ledger().map((job) => job.id)).toEqual([id]);
});

it('writes into no file that somebody else wrote', async () => {
  const notes = join(folder, 'notes.jsonl');
  await writeFile(notes, '{"id":"shopping"}\nmilk\n');
  await expect(start({ journal: notes })).rejects.toThrow(/notes\.jsonl: it holds something else/);
  expect(await readFile(notes, 'utf8')).toBe('{"id":"shopping"}\nmilk\n');
});

it('goes on with a journal of which all but the first, torn line is missing', async () => {
  const torn = join(folder, 'torn.jsonl');
  await writeFile(torn, '\n{"id":"gen-vid-');
  const id = await submitted(await start({ journal: torn }));
  expect((await start({ journal: torn })).ledger().map((job) => job.id)).toEqual([id]);
});

it('a job is in the journal when its answer is lost', async () => {
  const first = await start();
  await expect(submit(first, { ...REQUEST, model: 'simulator/answer-lost' })).rejects.toThrow();
  expect((await start()).ledger()).toMatchObject([{ model: 'simulator/answer-lost', status: 'completed' }]);
});

it('never holds the key', async () => {
  const first = await start({ apiKey: 'any-key' });
  await submitted(first);
  expect(await readFile(journal, 'utf8')).not.toContain('any-key');
});
