import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completed, refusal } from '../support/provider.js';
import { startRig, until, WORKFLOW_BUNDLE, type Rig } from '../support/rig.js';
import { say } from '../support/say.js';
import { startWorkerProcess } from '../support/worker-process.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(async () => {
  await rig.stop();
});

/**
 * Temporal first offers both the query and the task to the worker that is gone, ten seconds each. A query that was asked before the
 * news meets the next worker before their task does.
 */
it('a query that comes to a new worker before the task with the news does not lead the run ahead of it', async () => {
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: ({ jobId }) => (jobId === 'by-event' ? completed(jobId) : refusal(404, 'no such job')),
  };
  const killed = await startWorkerProcess(rig.environment);
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await killed.kill();
  const run = rig.temporal.workflow.getHandle(handle.workflowId);
  const asked = run.query('status').catch((error: unknown) => (error as Error).message);
  await delay(2_000); // by so much the query is the earlier one
  await run.signal('providerEvent', { jobId: 'by-event', status: 'completed' });
  const { told } = await say(rig, handle, { action: 'adopt', jobId: 'by-person' });
  await rig.startWorker();

  expect(await asked).toBe('This run has news that no worker has taken up yet. Ask again in a moment.');
  expect(await told).toMatch(/no job by-person/);
  expect(await handle.result()).toMatchObject({ jobId: 'by-event' });
  const history = await run.fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: { codePath: WORKFLOW_BUNDLE } }, history, handle.workflowId);
}, 60_000);
