import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { createWorker } from '../../src/worker/create-worker.js';
import { gate } from '../support/gate.js';
import { accepted, job } from '../support/provider.js';
import { completedTasks, resetTo } from '../support/reset-run.js';
import { startRig, until, WORKFLOW_BUNDLE, type Rig } from '../support/rig.js';

/** Has room for one activity at a time. */
async function startNarrowWorker({ environment }: Rig): Promise<() => Promise<void>> {
  const worker = await createWorker({
    config: loadConfig(environment),
    logger: pino({ level: 'silent' }),
    temporal: { workflowBundle: { codePath: WORKFLOW_BUNDLE }, maxConcurrentActivityTaskExecutions: 1 },
  });
  const ended = worker.run();
  return async () => {
    worker.shutdown();
    await ended;
  };
}

it('a run that is reset while the request for its cancel is under way is cancelled, and not the run before it', async () => {
  const rig = await startRig({ worker: false });
  const stop = await startNarrowWorker(rig);
  onTestFinished(async () => {
    await stop();
    await rig.stop();
  });
  const slow = gate();
  rig.provider.script = {
    submit: async ({ n }) => {
      if (n > 1) await slow.opened; // and nothing else has room
      return accepted(`job-${n}`);
    },
    poll: ({ jobId }) => job(jobId, 'in_progress'),
  };
  const handle = await rig.start({ polling: { initialInterval: '1h' } });
  await until(handle, ({ state }) => state === 'generating');
  const other = await rig.start();
  await expect.poll(() => rig.provider.submits.length).toBe(2);

  const run = rig.temporal.workflow.getHandle(handle.workflowId);
  const pending = async (): Promise<number> => (await run.describe()).raw.pendingActivities?.length ?? 0;
  await run.signal('cancel', { reason: 'enough' });
  await expect.poll(pending).toBe(1);
  const tasks = (await completedTasks(rig, handle)).length;
  await run.signal('providerEvent', { jobId: '', status: 'one more task' });
  await expect.poll(async () => (await completedTasks(rig, handle)).length).toBeGreaterThan(tasks);
  await resetTo(rig, handle, (await completedTasks(rig, handle)).at(-1));
  slow.open();
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  await other.cancel();
});
