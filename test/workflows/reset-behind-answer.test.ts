import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { gate } from '../support/gate.js';
import { accepted, completed, job, refusal } from '../support/provider.js';
import { completedTasks, resetTo } from '../support/reset-run.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { say } from '../support/say.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

/** Back to where it last was, from which it goes on with its job, also after its worker was restarted. */
async function resetAndGoOn(handle: LongtakeHandle): Promise<void> {
  const tasks = await completedTasks(rig, handle);
  await resetTo(rig, handle, tasks.at(-1) ?? null);
  const { polls } = await handle.status();
  await until(handle, (status) => status.polls > polls);
  await rig.worker?.stop();
  await rig.startWorker();
  rig.provider.script.poll = ({ jobId }) => completed(jobId);
}

it('a run that is reset to after somebody answered its question goes on', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows'), poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await handle.resolveSubmission({ action: 'adopt', jobId: 'answered' });
  await until(handle, ({ polls }) => polls >= 2);
  await resetAndGoOn(handle);
  expect(await handle.result()).toMatchObject({ jobId: 'answered' });
});

it('a run that is reset to after a job was named before its request, and once more after it, goes on', async () => {
  const tell = async (status: string): Promise<void> => {
    await rig.temporal.workflow.getHandle('named-twice').signal('providerEvent', { jobId: 'twice', status });
  };
  rig.provider.script = {
    models: async () => {
      await tell('pending');
      return refusal(503, 'busy'); // without a budget the run goes on
    },
    submit: async () => {
      await tell('completed');
      await until(rig.client.handle('named-twice'), ({ state }) => state === 'submitting');
      return refusal(500, 'who knows');
    },
    poll: ({ jobId }) => job(jobId, 'in_progress'),
  };
  const handle = await rig.start({}, 'named-twice');
  await until(handle, ({ polls }) => polls >= 2);
  await resetAndGoOn(handle);
  expect(await handle.result()).toMatchObject({ jobId: 'twice' });
});

it('a run that is reset to after it was given up, while it still looks at a job, ends', async () => {
  const slow = gate();
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: async () => {
      await slow.opened;
      return refusal(404, 'no such job');
    },
  };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await say(rig, handle, { action: 'adopt', jobId: 'looked-at' });
  await expect.poll(() => rig.provider.polls).toContain('looked-at');
  await handle.resolveSubmission({ action: 'abandon' });
  slow.open();
  await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
  const { runId } = await handle.status();
  await resetTo(rig, handle, (await completedTasks(rig, handle)).at(-1) ?? null);
  const again = rig.client.handle(handle.workflowId);
  await expect(again.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
  expect((await again.status()).runId).not.toBe(runId);
});

it('a run that is reset once more, to after what it did because it was reset, goes on', async () => {
  rig.provider.script = {
    submit: ({ n }) => accepted(`twice-reset-${n}`),
    poll: ({ jobId }) => completed(jobId),
    content: () => refusal(410, 'gone'),
  };
  const handle = await rig.start();
  await expect(handle.result()).rejects.toMatchObject({ type: 'DownloadFailed' });
  const [first] = await completedTasks(rig, handle);
  await resetTo(rig, handle, first ?? null);
  const again = rig.client.handle(handle.workflowId);
  await until(again, ({ state }) => state === 'awaiting_decision');
  await again.resolveSubmission({ action: 'adopt', jobId: 'twice-reset-1' });
  await expect(again.result()).rejects.toMatchObject({ type: 'DownloadFailed' });
  delete rig.provider.script.content;
  const [beforeDownload] = (await completedTasks(rig, again)).slice(-3); // then come the sweep and the end
  await resetTo(rig, again, beforeDownload ?? null);
  expect((await rig.client.handle(handle.workflowId).result()).jobId).toBe('twice-reset-1');
});
