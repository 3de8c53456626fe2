import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { STATUS_MEMO } from '../../src/contract/names.js';
import { clientDataConverter } from '../../src/encryption/data-converter.js';
import { accepted, completed, job, refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** A job turns up that another run has: what is said of that run decides whether a paid video is given up, or paid for again. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.submits.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

const JOB_ID_KEY = defineSearchAttributeKey('LongtakeJobId', 'KEYWORD');
const PATIENT = { polling: { initialInterval: '1h' } };
const RUNNING = "ExecutionStatus = 'Running'";
const CLOSED = "ExecutionStatus != 'Running'";

async function untilListed(jobId: string, what: string, count = 1): Promise<void> {
  const query = `LongtakeJobId = '${jobId}' AND ${what}`;
  await expect.poll(() => rig.temporal.workflow.count(query)).toMatchObject({ count });
}

/** A run whose request the provider refused for now, and that is then told of the job. */
async function toldOf(jobId: string): Promise<LongtakeHandle> {
  rig.provider.submits.length = 0;
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits.length).toBe(1);
  await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', { jobId, status: 'completed' });
  return handle;
}

const refusedOnce = ({ n }: { readonly n: number }) =>
  n === 1
    ? refusal(429, 'slow down', { 'Retry-After': '2' })
    : accepted(`again-${n}-${randomBytes(4).toString('hex')}`);

async function asked(handle: LongtakeHandle, jobId: string): Promise<string> {
  const { error } = await until(handle, ({ error }) => error?.message.includes(jobId) === true);
  return error?.message ?? '';
}

describe('a job that turns up, and that a run has which only saves it', () => {
  it.each<[string, (saver: LongtakeHandle) => Promise<unknown>]>([
    ['failed', (saver) => saver.result().catch(() => undefined)],
    ['was cancelled', (saver) => saver.cancel()],
    ['was terminated', ({ workflowId }) => rig.temporal.workflow.getHandle(workflowId).terminate()],
  ])('and %s without its video is adopted, and nothing more is sent', async (how, end) => {
    const jobId = `left when it ${how}`.replaceAll(' ', '-');
    let isOver = false;
    rig.provider.script = {
      submit: refusedOnce,
      poll: ({ jobId }) => (isOver ? completed(jobId) : job(jobId, how === 'failed' ? 'failed' : 'pending')),
    };
    const saver = await rig.start({ jobId, request: undefined, ...(how === 'failed' ? {} : PATIENT) });
    await untilListed(jobId, how === 'failed' ? CLOSED : RUNNING);
    await end(saver);
    await untilListed(jobId, CLOSED);
    isOver = true;
    const handle = await toldOf(jobId);
    expect(await handle.result()).toMatchObject({ jobId });
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('and is saving it asks, and says so, also to whoever names it and in what is told later', async () => {
    rig.provider.script = {
      submit: refusedOnce,
      poll: ({ jobId }) => (jobId === 'in-other-hands' ? job(jobId, 'in_progress') : completed(jobId)),
    };
    const saver = await rig.start({ jobId: 'in-other-hands', request: undefined, ...PATIENT });
    await untilListed('in-other-hands', RUNNING);
    const handle = await toldOf('in-other-hands');
    const words = `the run ${saver.workflowId}, which is saving its video`;
    expect(await asked(handle, 'another run has')).toContain(`${words}: once it has, and if you need no other`);
    await expect(handle.resolveSubmission({ action: 'adopt', jobId: 'in-other-hands' })).rejects.toThrow(words);
    await handle.resolveSubmission({ action: 'resubmit' });
    await handle.result();
    expect(rig.provider.submits).toHaveLength(2);
    expect((await handle.status()).warnings).toContainEqual(expect.stringContaining(words));
    await saver.cancel();
  });
});

it('a job that another run adopted in answer to its own question is not proven to be that run’s', async () => {
  const jobId = 'adopted-by-mistake';
  rig.provider.script = {
    submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : refusal(429, 'slow down', { 'Retry-After': '60' })),
    poll: ({ jobId }) => job(jobId, 'in_progress'),
  };
  const hasty = await rig.start(PATIENT);
  await until(hasty, ({ state }) => state === 'awaiting_decision');
  await hasty.resolveSubmission({ action: 'adopt', jobId });
  await untilListed(jobId, RUNNING);
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits).toHaveLength(2);
  await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', { jobId, status: 'completed' });
  expect(await asked(handle, 'another run has')).toContain(`the run ${hasty.workflowId}, which is saving its video`);
  expect(rig.provider.submits).toHaveLength(2);
  await Promise.all([hasty, handle].map((run) => run.cancel()));
});

/** It has the job by what the server lists, and tells nothing that the worker could read. */
async function startUnread(jobId: string): Promise<{ readonly workflowId: string; terminate(): Promise<unknown> }> {
  const key = randomBytes(32).toString('base64');
  const { encryption } = loadConfig({ ...rig.environment, LONGTAKE_ENCRYPTION_KEY: key });
  const { connection } = rig.temporal;
  const stranger = new Client({ connection, dataConverter: clientDataConverter(encryption) });
  return await stranger.workflow.start('of-another-kind', {
    workflowId: `unread-${jobId}`,
    taskQueue: rig.taskQueue,
    memo: { [STATUS_MEMO]: { submittedAt: null, jobId } },
    typedSearchAttributes: [{ key: JOB_ID_KEY, value: jobId }],
  });
}

it.each([
  ['open', 'is saving its video'],
  ['over', 'ended without its video'],
] as const)(
  'a run that is %s and cannot be read is to be looked at before anybody gives up the job',
  async (stands, words) => {
    const jobId = `nobody-knows-${stands}`;
    rig.provider.script = { submit: refusedOnce, poll: ({ jobId }) => completed(jobId) };
    const unread = await startUnread(jobId);
    if (stands === 'over') await unread.terminate();
    await untilListed(jobId, stands === 'open' ? RUNNING : CLOSED);
    const handle = await toldOf(jobId);
    const question = await asked(handle, 'another run has');
    expect(question).toMatch(
      new RegExp(
        `run ${unread.workflowId}, which ${words}, and what it recorded cannot be read: look at that run before`,
      ),
    );
    expect(question).not.toContain('abandon this run');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ message: expect.stringContaining(jobId) as string });
    expect(rig.provider.submits).toHaveLength(1);
    if (stands === 'open') await unread.terminate();
  },
);

describe('a job of a run that submitted it', () => {
  it.each<[string, (submitter: string, n: number) => string]>([
    ['of other ids', (_, n) => `adopter-${n}-${rig.taskQueue}`],
    ['of its own id', (submitter) => submitter],
  ])('and that stands behind newer runs %s that adopted it is no reason to ask', async (where, idOf) => {
    const jobId = `behind-those-${where}`.replaceAll(' ', '-');
    rig.provider.script = { submit: () => accepted(jobId), poll: ({ jobId }) => completed(jobId) };
    const submitter = await rig.start();
    await submitter.result();
    for (let n = 1; n <= 4; n++) {
      const args = [{ jobId, output: `${jobId}-${n}.mp4` }];
      const workflowId = idOf(submitter.workflowId, n);
      await rig.temporal.workflow.execute('generateVideo', { workflowId, taskQueue: rig.taskQueue, args });
    }
    await untilListed(jobId, CLOSED, 5);
    rig.provider.script = { submit: refusedOnce, poll: ({ jobId }) => completed(jobId) };
    const handle = await toldOf(jobId);
    expect((await handle.result()).jobId).toMatch(/^again-2-/);
    expect((await handle.status()).warnings.join()).not.toContain(jobId);
  });
});
