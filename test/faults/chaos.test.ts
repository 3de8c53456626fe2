import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { LongtakeHandle, RunStatus } from '../../src/client/index.js';
import { accepted, completed, job, refusal, type Call, type Reply } from '../support/provider.js';
import { SeededRandom } from '../support/random.js';
import { startRig, type Rig } from '../support/rig.js';
import { postEvent } from '../support/webhook.js';
import { httpAddressOf, startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/**
 * Many runs, a provider that fails at random, two worker processes that are killed at random, and at the end the books of
 * both sides. `LONGTAKE_CHAOS_RUNS` and `LONGTAKE_CHAOS_SEED` change it.
 */

const RUNS = Number(process.env['LONGTAKE_CHAOS_RUNS'] ?? 200);
const SEED = Number(process.env['LONGTAKE_CHAOS_SEED'] ?? Date.now() % 1_000_000_000);
const WAVES = 5;
const SECRET = 'whsec-chaos';
/** How long one thing may take while everything else goes wrong. */
const PATIENCE_MS = 300_000;
const POLLING = { initialInterval: '300ms', maximumInterval: '2s', maximumAttempts: 1_000 };

vi.setConfig({ testTimeout: PATIENCE_MS + RUNS * 5_000, hookTimeout: 60_000 });

/** What a POST meets. `job` says whether the provider has taken it, whatever it answered. */
const FAULTS = [
  { name: 'accepted', job: true, answer: (reply: Reply) => reply },
  { name: 'accepted', job: true, answer: (reply: Reply) => reply },
  { name: 'accepted slowly', job: true, answer: async (reply: Reply) => delay(1_500, reply) },
  { name: 'accepted very slowly', job: true, answer: async (reply: Reply) => delay(4_000, reply) },
  { name: 'accepted, and the answer lost', job: true, answer: hangUp },
  { name: 'accepted, and a 500', job: true, answer: () => refusal(500, 'oops') },
  { name: 'accepted, and HTML', job: true, answer: () => ({ status: 202, body: '<html></html>' }) },
  { name: 'lost', job: false, answer: hangUp },
  { name: 'a 502', job: false, answer: () => refusal(502, 'bad gateway') },
  { name: 'refused', job: false, answer: () => refusal(400, 'no') },
  { name: 'busy', job: false, answer: () => refusal(429, 'busy') },
] as const;
type Fault = (typeof FAULTS)[number];

/** The provider's book: what it will bill. */
interface Job {
  readonly run: string;
  readonly ends: 'completed' | 'failed';
  /** `null`: it does not say. */
  readonly cents: number | null;
}

/** What chance has in store for one run, drawn before anything starts. */
interface Fate {
  /** Of its POSTs, in order. */
  readonly faults: Fault[];
  readonly job: Job;
  readonly toldBy: 'operator' | 'webhook';
}

const random = new SeededRandom(SEED);
/** Apart, because nobody knows in which order polls come. */
const pollLuck = new SeededRandom(SEED + 1);
const names = Array.from({ length: RUNS }, (_, index) => `run-${index}`);
const fates = new Map(names.map((name) => [name, drawFate(name)]));
const jobs = new Map<string, Job>();
/** POSTs that may have been paid, by run: all but those that were refused in so many words. */
const posts = new Map<string, number>();
const workers: WorkerProcess[] = [];
const everyWorker: WorkerProcess[] = [];
let rig: Rig;

function hangUp(_reply: Reply, { request }: Call): null {
  request.socket.destroy();
  return null;
}

function drawFate(run: string): Fate {
  const ends = random.next() < 0.8 ? 'completed' : 'failed';
  const cents = ends === 'failed' || random.next() < 0.1 ? null : random.whole(1, 400);
  return { faults: drawFaults(), job: { run, ends, cents }, toldBy: random.pick(['operator', 'webhook']) };
}

/** A busy provider is asked again, so what comes after it is settled as well. */
function drawFaults(): Fault[] {
  const fault = random.pick(FAULTS);
  return fault.name === 'busy' ? [fault, ...drawFaults()] : [fault];
}

function fateOf(run: string): Fate {
  const fate = fates.get(run);
  if (fate === undefined) throw new Error(`there is no run ${run}`);
  return fate;
}

async function submit(call: Call): Promise<Reply | null> {
  const run = String(call.json['prompt']);
  const fate = fateOf(run);
  const fault = fate.faults.shift() ?? FAULTS[0];
  if (fault.name !== 'busy' && fault.name !== 'refused') posts.set(run, (posts.get(run) ?? 0) + 1);
  const jobId = `job-of-${run}-${posts.get(run) ?? 0}`;
  if (fault.job) jobs.set(jobId, fate.job);
  return await fault.answer(accepted(jobId), call);
}

function poll({ jobId }: Call): Reply {
  const found = jobs.get(jobId);
  if (found === undefined) return refusal(404, 'no such job');
  const luck = pollLuck.next();
  if (luck < 0.2) return refusal(503, 'later');
  if (luck < 0.5) return job(jobId, 'in_progress');
  return found.ends === 'failed'
    ? job(jobId, 'failed')
    : completed(jobId, found.cents === null ? null : found.cents / 100);
}

async function startWorker(): Promise<void> {
  const worker = await startWorkerProcess(rig.environment);
  workers.push(worker);
  everyWorker.push(worker);
}

beforeAll(async () => {
  console.log(`chaos: ${RUNS} runs; the same again: LONGTAKE_CHAOS_RUNS=${RUNS} LONGTAKE_CHAOS_SEED=${SEED}`);
  rig = await startRig({
    worker: false,
    script: { submit, poll },
    environment: { OPENROUTER_WEBHOOK_SECRET: SECRET, LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0' },
  });
  await Promise.all([startWorker(), startWorker()]);
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await rig.stop();
});

/** Starts some runs and kills a worker in the middle of their submits. */
async function wave(names: readonly string[]): Promise<LongtakeHandle[]> {
  const submitsBefore = rig.provider.submits.length;
  const handles = await Promise.all(
    names.map((name) =>
      rig.start(
        { request: { model: 'test/model', prompt: name, duration: 4 }, polling: POLLING },
        `chaos-${SEED}-${name}`,
      ),
    ),
  );
  const killAfter = random.whole(1, names.length);
  await expect
    .poll(() => rig.provider.submits.length - submitsBefore, { timeout: PATIENCE_MS })
    .toBeGreaterThanOrEqual(killAfter);
  await killOne();
  return handles;
}

/** Kills another one while runs end: whether their ends are on record only its log can say. */
async function killAmongEnds(): Promise<void> {
  const endsBefore = ledger().size;
  const left = RUNS - endsBefore;
  if (left === 0) return;
  const killAfter = random.whole(1, Math.ceil(left / 2));
  await expect.poll(() => ledger().size - endsBefore, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(killAfter);
  await killOne();
}

async function killOne(): Promise<void> {
  const [victim] = workers.splice(random.whole(0, workers.length - 1), 1);
  await Promise.all([victim?.kill(), startWorker()]);
}

/** Looks into the provider's book, and never says resubmit. */
async function decide(handle: LongtakeHandle, name: string): Promise<void> {
  const [jobId] = [...jobs].find(([, { run }]) => run === name) ?? [];
  const tell = jobId === undefined ? abandon : fateOf(name).toldBy === 'webhook' ? tellByWebhook : tellByOperator;
  // The provider may be in trouble while the job is looked at, and the worker may die; the run then goes on waiting.
  await vi.waitFor(() => tell(handle, jobId ?? '').catch(unlessAnswered(handle)), {
    timeout: PATIENCE_MS,
    interval: 200,
  });
}

/** What was said may have been heard although the worker did not live to say so; a run cannot be answered twice. */
function unlessAnswered(handle: LongtakeHandle) {
  return async (error: unknown): Promise<void> => {
    if ((await handle.status()).state === 'awaiting_decision') throw error;
  };
}

async function abandon(handle: LongtakeHandle): Promise<void> {
  await handle.resolveSubmission({ action: 'abandon' });
}

async function tellByOperator(handle: LongtakeHandle, jobId: string): Promise<void> {
  await handle.resolveSubmission({ action: 'adopt', jobId });
}

async function tellByWebhook({ workflowId }: LongtakeHandle, jobId: string): Promise<void> {
  const [worker] = workers;
  if (worker === undefined) throw new Error('there is no worker now');
  // 404: the worker before died after it had passed the event on, and the run is through by now.
  expect([204, 404]).toContain(await postEvent(await httpAddressOf(worker), workflowId, { secret: SECRET, jobId }));
}

async function toItsEnd(handle: LongtakeHandle, name: string): Promise<RunStatus> {
  let last: RunStatus | null = null;
  let isDecided = false;
  for await (const status of handle.follow({ intervalMs: 500 })) {
    last = status;
    if (status.state !== 'awaiting_decision' || isDecided) continue;
    isDecided = true;
    await decide(handle, name);
  }
  if (last === null) throw new Error(`${name} was never seen`);
  return last;
}

interface Entry {
  readonly runId: string;
  readonly costUsd: number | null;
}

/**
 * By run: what the workers wrote, the killed ones included. An end that a worker wrote, and did not live to tell, is
 * written again by the next one: those who keep the books take one record for each run.
 */
function ledger(): Map<string, Entry[]> {
  const records = new Map<string, Entry[]>();
  const lines = everyWorker.flatMap((worker) => worker.lines().split('\n'));
  for (const line of lines) {
    if (!line.includes('"ledger":') || !line.endsWith('}')) continue;
    const entry = (JSON.parse(line) as { ledger: Entry }).ledger;
    records.set(entry.runId, [...(records.get(entry.runId) ?? []), entry]);
  }
  return records;
}

const cents = (costs: readonly (number | null)[]) =>
  costs.reduce<number>((sum, cost) => sum + Math.round((cost ?? 0) * 100), 0);

it('never pays twice, loses no job, and its books are those of the provider', async () => {
  const perWave = Math.ceil(RUNS / WAVES);
  const handles: LongtakeHandle[] = [];
  while (handles.length < RUNS) handles.push(...(await wave(names.slice(handles.length, handles.length + perWave))));
  const [ends] = await Promise.all([
    Promise.all(handles.map((handle, index) => toItsEnd(handle, names[index] ?? ''))),
    killAmongEnds(),
  ]);

  expect([...posts].filter(([, count]) => count > 1)).toEqual([]);
  expect([...posts.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(RUNS);
  expect(new Set(ends.map(({ jobId }) => jobId).filter((jobId) => jobId !== null))).toEqual(new Set(jobs.keys()));

  const billed = cents([...jobs.values()].map((entry) => (entry.cents === null ? null : entry.cents / 100)));
  expect(cents(ends.map(({ costUsd }) => costUsd))).toBe(billed);
  const records = ledger();
  expect(new Set(records.keys())).toEqual(new Set(ends.map(({ runId }) => runId)));
  expect([...records.values()].filter((same) => new Set(same.map(({ costUsd }) => costUsd)).size > 1)).toEqual([]);
  expect(cents([...records.values()].map(([record]) => record?.costUsd ?? null))).toBe(billed);

  const saved = ends.filter(({ state }) => state === 'succeeded').flatMap(({ assets }) => assets.map(({ key }) => key));
  expect((await readdir(rig.storage)).sort()).toEqual(saved.sort());
});
