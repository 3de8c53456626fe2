import { expect, it } from 'vitest';
import { completed, job } from '../test/support/provider.js';
import { startRig } from '../test/support/rig.js';
import { startWorkerProcess } from '../test/support/worker-process.js';
import { figure, residentMiB } from './figures.js';

const RUNS = Number(process.env['LONGTAKE_BENCH_RUNS'] ?? 10_000);
const DUE = Math.min(RUNS, 1_000);
const AT_ONCE = 50;

/** Calls `start` for each number below `count`, a few at a time, and says how many it did a second. */
async function eachOf(count: number, start: (n: number) => Promise<unknown>): Promise<number> {
  const since = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < count) await start(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return count / ((performance.now() - since) / 1_000);
}

it(`one worker with ${RUNS} waiting runs, of which ${DUE} become due at once`, async () => {
  const done = new Set<string>();
  const rig = await startRig({
    worker: false,
    script: { poll: ({ jobId }) => (done.has(jobId) ? completed(jobId) : job(jobId, 'in_progress')) },
  });
  const worker = await startWorkerProcess(rig.environment);
  const idle = residentMiB(worker.pid);
  const adopt = async (n: number) => {
    await rig.start({ jobId: `job-${n}`, polling: { initialInterval: '2h', maximumInterval: '2h' } }, `many-${n}`);
  };
  figure('runs taken up', await eachOf(RUNS, adopt), 'a second');
  const polled = expect.poll(() => new Set(rig.provider.polls).size, { timeout: 1_800_000, interval: 500 });
  await polled.toBe(RUNS);
  figure(`${RUNS} waiting runs: the worker over its idle size`, residentMiB(worker.pid) - idle, 'MiB');

  const pollsBefore = rig.provider.polls.length;
  for (let n = 0; n < DUE; n++) done.add(`job-${n}`);
  const since = performance.now();
  await eachOf(DUE, async (n) => {
    const run = rig.temporal.workflow.getHandle(`many-${n}`);
    await run.signal('providerEvent', { jobId: `job-${n}`, status: 'completed' });
  });
  const results = await Promise.all(
    Array.from({ length: DUE }, (_, n) => rig.temporal.workflow.getHandle(`many-${n}`).result()),
  );
  figure(`${DUE} due at once: until the last is saved`, (performance.now() - since) / 1_000, 's');
  expect(results).toHaveLength(DUE);
  expect(rig.provider.polls).toHaveLength(pollsBefore + DUE);
  figure('the worker over its idle size after it', residentMiB(worker.pid) - idle, 'MiB');
  await worker.terminate();
  await rig.stop();
});
