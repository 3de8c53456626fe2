import { expect, it } from 'vitest';
import { job } from '../test/support/provider.js';
import { startRig } from '../test/support/rig.js';
import { startWorkerProcess } from '../test/support/worker-process.js';
import { figure, residentMiB } from './figures.js';

const WARM_UP = 300;
const WAITING = [500, 1_500];

it('what a waiting run costs a worker', async () => {
  const rig = await startRig({
    worker: false,
    // A warm-up job fails at its first poll; the others wait.
    script: { poll: ({ jobId }) => job(jobId, jobId.startsWith('warm') ? 'failed' : 'in_progress') },
  });
  const worker = await startWorkerProcess(rig.environment);
  // What a process needs to be busy at all is not the waiting runs' own.
  const warm = Array.from({ length: WARM_UP }, (_, index) => rig.start({ jobId: `warm-${index}` }));
  for (const handle of await Promise.all(warm)) await handle.result().catch(() => undefined);
  const idle = residentMiB(worker.pid);
  let started = 0;
  for (const runs of WAITING) {
    for (; started < runs; started++) await rig.start({ jobId: `job-${started}`, polling: { initialInterval: '1h' } });
    await expect.poll(() => rig.provider.polls.length, { timeout: 600_000, interval: 500 }).toBe(WARM_UP + runs);
    const kib = ((residentMiB(worker.pid) - idle) * 1024) / runs;
    figure(`${runs} waiting runs: worker memory for each`, kib, 'KiB', 'aim: at most 100');
  }
  await worker.terminate();
  await rig.stop();
});

it('what a poll leaves in the history', async () => {
  const rig = await startRig({ script: { poll: ({ jobId }) => job(jobId, 'in_progress') } });
  const polls = 50;
  const input = { polling: { initialInterval: '20ms', maximumInterval: '20ms' } };
  const lengths = [];
  for (const maximumAttempts of [1, 1 + polls]) {
    const handle = await rig.start({ polling: { ...input.polling, maximumAttempts } });
    await handle.result().catch(() => undefined);
    const { historyLength } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
    lengths.push(historyLength);
  }
  figure('history events for each poll', ((lengths[1] ?? 0) - (lengths[0] ?? 0)) / polls, 'events', 'aim: at most 6');
  await rig.stop();
});
