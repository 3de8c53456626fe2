import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { rawRun, readable } from '../encryption/raw-run.js';
import { completed, job, refusal } from '../support/provider.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { startRig, until, type Rig } from '../support/rig.js';

let server: DevServer;
let rig: Rig;

beforeAll(async () => {
  // The server suggests it at 4,096 events; a few dozen polls show the same.
  server = await startDevServer(inject('temporalCli'), {
    flags: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'],
  });
  rig = await startRig({ address: server.address });
});
afterAll(async () => {
  await rig.stop();
  await server.stop();
});

const OFTEN = { initialInterval: '5ms', maximumInterval: '5ms', maximumAttempts: 100_000 } as const;

it('goes on in a new history with job, counts and times intact, and submits nothing again', async () => {
  rig.provider.script = { poll: ({ n, jobId }) => (n < 60 ? job(jobId, 'in_progress') : completed(jobId)) };
  const handle = await rig.start({ polling: OFTEN });
  const { submittedAt, runId } = await until(handle, ({ state }) => state === 'generating');
  const result = await handle.result();
  expect(result).toMatchObject({ jobId: 'job-1', polls: 60, submittedAt, estimatedCostUsd: 0.12 });
  expect(rig.provider.submits).toHaveLength(1);
  const description = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
  expect(description.runId).not.toBe(runId);
  expect((await rig.client.list()).filter(({ id }) => id === handle.workflowId)).toHaveLength(1);
});

it('is on record in its new history as it was in the old one, so that one that is terminated names its job', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ output: 'kept/key.mp4', polling: OFTEN });
  const { runId, jobId } = await until(handle, ({ state }) => state === 'generating');
  await until(handle, (status) => status.runId !== runId);
  const listed = async () => (await rig.client.list()).find(({ id }) => id === handle.workflowId);
  await expect.poll(listed).toMatchObject({ state: 'generating', jobId });
  await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
  expect((await handle.status()).error?.message).toContain(`longtake adopt --output kept/key.mp4 ${jobId ?? ''}`);
});

it('shows nothing that is encrypted in its new history either', async () => {
  const secretive = await startRig({
    address: server.address,
    environment: { LONGTAKE_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
    script: { poll: ({ jobId }) => job(jobId, 'in_progress') },
  });
  onTestFinished(() => secretive.stop());
  const handle = await secretive.start({ output: 'orchid.mp4', polling: OFTEN });
  const { runId } = await until(handle, ({ state }) => state === 'generating');
  await until(handle, (status) => status.runId !== runId);
  for (const bytes of Object.values(await rawRun(secretive.temporal, handle.workflowId))) {
    expect(readable(bytes as Buffer, ['orchid.mp4', 'greenhouse', 'in_progress'])).toEqual([]);
  }
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
});

it('keeps the deadline it began with', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ polling: { ...OFTEN, timeout: '3s' } });
  await expect(handle.result()).rejects.toMatchObject({ type: 'PollingExhausted' });
  const { submittedAt, completedAt } = await handle.status();
  expect(Date.parse(completedAt ?? '') - Date.parse(submittedAt ?? '')).toBeGreaterThanOrEqual(3_000);
});

it('can be cancelled after it, and settles to the cost in further histories, still as a cancelled run', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ polling: OFTEN, onCancel: 'settle' });
  const { runId } = await until(handle, ({ state }) => state === 'generating');
  const second = await until(handle, (status) => status.runId !== runId);
  await handle.cancel('too long');
  const third = await until(handle, (status) => status.runId !== second.runId && status.cancelRequested);
  await until(handle, (status) => status.runId !== third.runId && status.cancelRequested);
  rig.provider.script = { poll: ({ jobId }) => completed(jobId, 0.1) };
  await expect(handle.result()).rejects.toMatchObject({
    type: 'Cancelled',
    message: expect.stringContaining('too long') as string,
  });
  expect(await handle.status()).toMatchObject({ state: 'cancelled', costUsd: 0.1, assets: [] });
});

it('says what the last poll met, also where the bound is met just after it', async () => {
  rig.provider.script = { poll: () => refusal(401, 'no such key') };
  // One of these bounds is met at the poll after which the server suggests a new history.
  const bounds = Array.from({ length: 12 }, (_, index) => index + 4);
  const ends = await Promise.all(
    bounds.map(async (maximumAttempts) => {
      const handle = await rig.start({ polling: { ...OFTEN, maximumAttempts } });
      return await handle.result().catch((error: unknown) => error);
    }),
  );
  for (const end of ends) {
    expect(end).toMatchObject({
      type: 'AuthenticationFailed',
      message: expect.stringContaining('no such key') as string,
    });
  }
});
