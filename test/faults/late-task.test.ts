import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { PROVIDER_EVENT_SIGNAL } from '../../src/contract/names.js';
import { gate } from '../support/gate.js';
import { accepted, completed, job } from '../support/provider.js';
import { replay } from '../support/replay.js';
import { startRig, until } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';

const RUNS = 8;
/** Temporal gives a step ten seconds from when it was handed out, and the SDK eight from when it came in. */
const FROZEN_MS = 5_000;

it('runs whose steps come to a frozen worker late, and whose polls outlast them while events come, go on after a restart', async () => {
  const slow = gate();
  const rig = await startRig({ worker: false });
  const worker = await startWorkerProcess(rig.environment);
  onTestFinished(() => rig.stop());
  rig.provider.script = {
    submit: ({ n }) => accepted(`job-${n}`),
    poll: async ({ jobId, n }) => {
      if (n > RUNS) return completed(jobId);
      await slow.opened;
      return job(jobId, 'in_progress');
    },
  };
  const starts = Array.from({ length: RUNS }, () => rig.start({ polling: { initialInterval: '4s' } }));
  const handles = await Promise.all(starts);
  const waiting = await Promise.all(handles.map((handle) => until(handle, ({ state }) => state === 'generating')));
  process.kill(worker.pid, 'SIGSTOP');
  await delay(FROZEN_MS); // their timers fire meanwhile
  process.kill(worker.pid, 'SIGCONT');
  await expect.poll(() => rig.provider.polls.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(RUNS);
  const runs = handles.map(({ workflowId }) => rig.temporal.workflow.getHandle(workflowId));
  await Promise.all(
    runs.map((run, at) => run.signal(PROVIDER_EVENT_SIGNAL, { jobId: waiting[at]?.jobId, status: 'completed' })),
  );
  await delay(10_000); // the steps time out, and the next ones bring the events
  slow.open();
  await delay(1_000);
  await worker.kill();

  await rig.startWorker();
  for (const handle of handles) expect(await handle.result()).toMatchObject({ assets: [expect.anything()] });
  for (const run of runs) {
    await expect(replay(run.workflowId, await run.fetchHistory())).resolves.toBeUndefined();
  }
  expect(rig.provider.submits).toHaveLength(RUNS);
}, 180_000);
