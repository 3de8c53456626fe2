import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completed, refusal } from '../support/provider.js';
import { createTemporalPort } from '../../src/worker/temporal-port.js';
import { replay } from '../support/replay.js';
import { startRig, until, type Rig } from '../support/rig.js';
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
  const worker = await rig.startWorker();

  expect(await asked).toMatch(/^No worker has taken up yet what came last for this run\./);
  expect(await told).toMatch(/no job by-person/);
  expect(await handle.result()).toMatchObject({ jobId: 'by-event' });
  await worker.stop();
  const history = await run.fetchHistory();
  await replay(handle.workflowId, history);
}, 60_000);

it('a query that is refused is no word of a worker that does not know it, which would let a request leave', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows') };
  const gone = await rig.startWorker();
  const handle = await rig.start();
  const { runId } = await until(handle, ({ state }) => state === 'awaiting_decision');
  await gone.stop();
  const run = rig.temporal.workflow.getHandle(handle.workflowId);
  await run.signal('providerEvent', { jobId: 'news', status: 'completed' });
  await run.terminate(); // so that no task ever takes it up
  await rig.startWorker();
  const port = createTemporalPort(rig.temporal, { taskQueue: rig.taskQueue, searchAttributes: false });
  const where = { workflowId: handle.workflowId, runId };
  await expect(port.mayHaveSent(where)).rejects.toThrow(/No worker has taken up/);
  await expect(port.isWanted(where)).rejects.toThrow(/No worker has taken up/);
});
