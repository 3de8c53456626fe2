import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { accepted, completed } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';

/** A process can stand still: a virtual machine that is paused, a container that is frozen. The provider's answer comes meanwhile. */

/** Longer than the 60 seconds that an answer may take. */
const FROZEN_MS = 62_000;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(async () => {
  await rig.stop();
});

it('a worker that stands still for longer than an answer may take reads the one that came, and its run adopts the job', async () => {
  const frozen = await startWorkerProcess(rig.environment);
  onTestFinished(() => frozen.kill());
  rig.provider.script = {
    submit: () => {
      process.kill(frozen.pid, 'SIGSTOP');
      return accepted('came-meanwhile');
    },
    poll: ({ jobId }) => completed(jobId),
  };
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits.length, { timeout: 60_000 }).toBe(1);
  const since = performance.now();
  const other = await startWorkerProcess(rig.environment);
  onTestFinished(() => other.kill());
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await expect.poll(() => performance.now() - since, { timeout: 120_000 }).toBeGreaterThan(FROZEN_MS);
  process.kill(frozen.pid, 'SIGCONT');
  expect((await handle.result()).jobId).toBe('came-meanwhile');
  expect(rig.provider.submits).toHaveLength(1);
});
