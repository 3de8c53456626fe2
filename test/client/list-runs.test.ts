import { afterAll, beforeAll, expect, it } from 'vitest';
import { WORKFLOW_TYPE } from '../../src/contract/names.js';
import type { RunSummary } from '../../src/client/index.js';
import { job, refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** Nobody works here, where a test starts no worker: runs stay as they were started. */
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(() => rig.stop());

async function started(id: string, memo: Record<string, unknown>) {
  return await rig.temporal.workflow.start(WORKFLOW_TYPE, { workflowId: id, taskQueue: rig.taskQueue, args: [], memo });
}

async function listed(id: string): Promise<RunSummary | undefined> {
  return (await rig.client.list({ limit: 1_000 })).find((run) => run.id === id);
}

it('a memo that is nobody’s status hides no other run, and is named', async () => {
  const [odd, fine] = [`odd-${rig.taskQueue}`, `fine-${rig.taskQueue}`];
  const handle = await started(odd, { status: { state: 'dancing' }, model: 'test/model' });
  await started(fine, {});
  await expect
    .poll(() => listed(odd), { timeout: 30_000 })
    .toMatchObject({
      ...{ state: null, errorType: null, model: 'test/model', polls: null, closedAt: null },
      unreadable: expect.stringContaining('memo') as unknown,
    });
  await expect.poll(() => listed(fine), { timeout: 30_000 }).toMatchObject({ state: 'validating', unreadable: null });
  await handle.terminate();
  await expect.poll(() => listed(odd), { timeout: 30_000 }).toMatchObject({ state: 'failed' });
  await rig.temporal.workflow.getHandle(fine).terminate();
});

it('counts the polls of a run that is generating as long as a worker answers for it', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const worker = await rig.startWorker();
  const handle = await rig.start();
  await until(handle, ({ polls }) => polls >= 3);
  await expect.poll(() => listed(handle.workflowId), { timeout: 30_000 }).toMatchObject({ state: 'generating' });
  expect((await listed(handle.workflowId))?.polls).toBeGreaterThanOrEqual(3);

  await worker.stop();
  expect(await listed(handle.workflowId)).toMatchObject({ state: 'generating', polls: null });
  await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
});

it('tells of what type the trouble of an open run is, and the end of one that failed', async () => {
  const worker = await rig.startWorker();
  rig.provider.script = { poll: () => refusal(503, 'busy') };
  const handle = await rig.start();
  await until(handle, ({ state, error }) => state === 'generating' && error !== null);
  const open = { state: 'generating', errorType: 'ProviderUnavailable' };
  await expect.poll(() => listed(handle.workflowId), { timeout: 30_000 }).toMatchObject(open);

  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'failed') };
  await until(handle, ({ state }) => state === 'failed');
  const failed = { state: 'failed', errorType: 'VideoFailed', standstill: null };
  await expect.poll(() => listed(handle.workflowId), { timeout: 30_000 }).toMatchObject(failed);
  await worker.stop();
});

it.each([
  ['submitting', { submit: () => refusal(503, 'busy') }, 'ProviderUnavailable'],
  ['downloading', { content: () => refusal(503, 'busy') }, 'DownloadFailed'],
] as const)(
  'tells of what type the trouble of a run is that is %s, as its status does',
  async (state, script, type) => {
    const worker = await rig.startWorker();
    rig.provider.script = script;
    const handle = await rig.start();
    const status = await until(handle, (now) => now.state === state && now.error !== null);
    expect(status.error?.type).toBe(type);
    await expect.poll(() => listed(handle.workflowId), { timeout: 30_000 }).toMatchObject({ state, errorType: type });
    await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
    await worker.stop();
  },
);
