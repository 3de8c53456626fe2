import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { longtake } from '../cli/cli-process.js';
import { accepted, CLIP, completed, job, refusal, video, type Reply } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

let rig: Rig;
let release: () => void = () => undefined;

beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  release();
  rig.provider.submits.length = 0;
  rig.provider.polls.length = 0;
  rig.provider.contents.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

/** Both ways to cancel must come to the same. */
const WAYS: [string, (handle: LongtakeHandle) => Promise<unknown>][] = [
  ['by signal', (handle) => handle.cancel('not needed')],
  ['by Temporal', (handle) => rig.temporal.workflow.getHandle(handle.workflowId).cancel()],
];

async function endsCanceled(handle: LongtakeHandle) {
  const error: unknown = await handle.result().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ type: 'Cancelled' });
  const { status } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
  expect(status.name).toBe('CANCELLED');
  const final = await handle.status();
  expect(final).toMatchObject({ state: 'cancelled', error: { type: 'Cancelled' } });
  expect((await readdir(rig.storage, { recursive: true })).filter((name) => !name.endsWith('.keep'))).toEqual([]);
  return { error: error as Error, final };
}

/** An answer that is held back until the test lets go. */
function held(reply: () => Reply): () => Promise<Reply> {
  const gate = new Promise<void>((resolve) => (release = resolve));
  return async () => {
    await gate;
    return reply();
  };
}

it('a reason that is longer than a run can hold is cut short, and the run ends with its job named', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'generating');
  await rig.temporal.workflow.getHandle(handle.workflowId).signal('cancel', { reason: 'r'.repeat(2_096_900) });
  const { error } = await endsCanceled(handle);
  expect(error.message.slice(0, 1_500)).toMatch(
    /^The run was cancelled: r{1000}\. Job job-1 .*longtake adopt .*job-1$/,
  );
});

it('a cancel that follows the job for its cost shows on the command line', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ onCancel: 'settle' });
  await until(handle, ({ state }) => state === 'generating');
  await handle.cancel();
  await until(handle, ({ cancelRequested }) => cancelRequested);
  const options = { cwd: rig.storage, env: rig.environment };
  const id = handle.workflowId;
  const [status, json, list] = await Promise.all([
    longtake(['status', id], options),
    longtake(['status', id, '--json'], options),
    longtake(['list', '--limit', '1000'], options),
  ]);
  expect(status.stdout).toMatch(/^state +generating, cancel requested$/m);
  expect(JSON.parse(json.stdout)).toMatchObject({ state: 'generating', cancelRequested: true });
  expect(list.stdout).toMatch(new RegExp(`^${id} +generating, cancel requested `, 'm'));
  rig.provider.script = { poll: ({ jobId }) => completed(jobId) };
  await endsCanceled(handle);
});

describe.each(WAYS)('a cancel %s', (_way, cancel) => {
  it('before any worker is there submits nothing', async () => {
    const idle = await startRig({ worker: false });
    try {
      const handle = await idle.start();
      await (_way === 'by signal' ? handle.cancel() : idle.temporal.workflow.getHandle(handle.workflowId).cancel());
      await idle.startWorker();
      await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
      expect(idle.provider.submits.length).toBeLessThanOrEqual(_way === 'by signal' ? 1 : 0);
    } finally {
      await idle.stop();
    }
  });

  it('during the submit waits for its answer and names the job', async () => {
    rig.provider.script = { submit: held(() => accepted('paid-for')) };
    const handle = await rig.start();
    await expect.poll(() => rig.provider.submits.length).toBe(1);
    await cancel(handle);
    await until(handle, () => true);
    release();
    const { error, final } = await endsCanceled(handle);
    expect(final.jobId).toBe('paid-for');
    expect(error.message).toMatch(/paid-for .*may be billed.*longtake adopt paid-for$/);
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('that waits shows in the status and in the list until the run closes', async () => {
    const listed = async ({ workflowId }: LongtakeHandle) =>
      (await rig.client.list({ limit: 1_000 })).find(({ id }) => id === workflowId);
    rig.provider.script = { submit: held(() => accepted('paid-for')) };
    const handle = await rig.start();
    await expect.poll(() => rig.provider.submits.length).toBe(1);
    expect(await handle.status()).toMatchObject({ state: 'submitting', cancelRequested: false });
    await cancel(handle);
    await until(handle, ({ cancelRequested }) => cancelRequested);
    const waits = { state: 'submitting', cancelRequested: true };
    expect(await handle.status()).toMatchObject(waits);
    await expect.poll(() => listed(handle), { timeout: 30_000 }).toMatchObject(waits);
    release();
    const { final } = await endsCanceled(handle);
    expect(final.cancelRequested).toBe(false);
    await expect
      .poll(() => listed(handle), { timeout: 30_000 })
      .toMatchObject({ state: 'cancelled', cancelRequested: false });
  });

  it('during a submit that stays unknown says that a job may exist', async () => {
    rig.provider.script = { submit: held(() => refusal(500, 'oops')) };
    const handle = await rig.start();
    await expect.poll(() => rig.provider.submits.length).toBe(1);
    await cancel(handle);
    release();
    const { error } = await endsCanceled(handle);
    expect(error.message).toContain('may exist and be billed');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('while a refused submit waits for its next try submits nothing more', async () => {
    rig.provider.script = { submit: () => refusal(429, 'busy', { 'retry-after': '60' }) };
    const handle = await rig.start();
    await until(handle, ({ error }) => error?.type === 'ProviderUnavailable');
    await cancel(handle);
    const { error } = await endsCanceled(handle);
    expect(error.message).toContain('nothing is billed');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('while waiting closes at once and says what may be billed', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start({ polling: { initialInterval: '1h' } });
    await until(handle, ({ state }) => state === 'generating');
    await cancel(handle);
    const { error, final } = await endsCanceled(handle);
    expect(final.jobId).toBe('job-1');
    expect(error.message).toMatch(/longtake adopt job-1$/);
  });

  it('while awaiting a decision closes and says so', async () => {
    rig.provider.script = { submit: () => refusal(500, 'oops') };
    const handle = await rig.start();
    await until(handle, ({ state }) => state === 'awaiting_decision');
    await cancel(handle);
    const { error } = await endsCanceled(handle);
    expect(error.message).toContain('longtake adopt JOB_ID');
    expect(error.message).toMatch(/It may have cost \$0\.12\. In doubt is the submit sent after \S+Z\./);
  });

  it('while the content is waited for tells of the cancel and the cost, and of no bound', async () => {
    rig.provider.script = { poll: ({ jobId }) => completed(jobId), content: () => null };
    const handle = await rig.start();
    await expect.poll(() => rig.provider.contents).toHaveLength(1);
    await cancel(handle);
    const { error } = await endsCanceled(handle);
    expect(error.message).toMatch(/^The run was cancelled(: not needed)?\. Job \S+ cost \$0\.12\. To save its video/);
  });

  it('in the middle of a download stops the transfer and leaves no file', async () => {
    let closed = false;
    rig.provider.script = {
      poll: ({ jobId }) => completed(jobId),
      content: ({ response }) => {
        response.on('close', () => (closed = true));
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, 5_000));
        return null;
      },
    };
    const handle = await rig.start({ output: 'stopped.mp4' });
    await until(handle, ({ transfer }) => transfer !== null && transfer.bytes > 0);
    await cancel(handle);
    const { error, final } = await endsCanceled(handle);
    expect(closed).toBe(true);
    expect(final.costUsd).toBe(0.12);
    expect(error.message).toMatch(/\$0\.12.*longtake adopt --output stopped\.mp4 job-1$/);
  });

  it('between two outputs names what is saved, and a command that works beside it', async () => {
    let asked = false;
    rig.provider.script = {
      poll: ({ jobId }) => completed(jobId, 0.12, 2),
      content: ({ index, response }) => {
        if (index === 0) return video();
        asked = true;
        response.writeHead(200, { 'content-type': 'video/mp4' }).write(CLIP.subarray(0, 500));
        return null;
      },
    };
    const handle = await rig.start({ output: `both-${randomUUID()}.mp4` });
    await expect.poll(() => asked).toBe(true);
    await cancel(handle);
    const error: unknown = await handle.result().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: 'Cancelled' });
    expect((error as Error).message).toMatch(
      / Already saved: \S+\. To save its video after all: longtake adopt job-1$/,
    );
    const { assets } = await handle.status();
    await Promise.all(assets.map(({ uri }) => rm(fileURLToPath(uri))));
  });

  it('with onCancel settle goes on to the cost, saves nothing, and ends Canceled', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start({ onCancel: 'settle' });
    await until(handle, ({ polls }) => polls > 0);
    await cancel(handle);
    const before = (await handle.status()).polls;
    await until(handle, ({ polls }) => polls > before + 1);
    rig.provider.script = { poll: ({ jobId }) => completed(jobId, 0.1) };
    const { final } = await endsCanceled(handle);
    expect(final.costUsd).toBe(0.1);
    expect(rig.provider.contents).toHaveLength(0);
  });

  it('with onCancel settle ends Canceled also when the provider says failed or the bound is met', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const bounded = { initialInterval: '20ms', maximumInterval: '20ms', maximumAttempts: 30 };
    const [failing, exhausting] = await Promise.all([
      rig.start({ onCancel: 'settle' }),
      rig.start({ onCancel: 'settle', polling: bounded }),
    ]);
    await Promise.all([failing, exhausting].map((handle) => until(handle, ({ polls }) => polls > 0)));
    await Promise.all([cancel(failing), cancel(exhausting)]);
    const { message } = (await endsCanceled(exhausting)).error;
    expect(message).toMatch(/^The run was cancelled.*longtake adopt --output \S+ job-\d$/);
    expect(message.match(/longtake adopt/g)).toHaveLength(1);
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'failed', { error: 'no', usage: { cost: 0 } }) };
    const { final } = await endsCanceled(failing);
    expect(final.costUsd).toBe(0);
    expect(final.error?.message).toMatch(
      /^The run was cancelled[^.]*\. The provider says that job job-\d failed: no\. /,
    );
    expect(final.error?.message).not.toContain('longtake adopt');
  });

  it('takes what a job that goes on has cost so far for no bill', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress', { usage: { cost: 0 } }) };
    const handle = await rig.start();
    await until(handle, ({ providerStatus }) => providerStatus === 'in_progress');
    await cancel(handle);
    const { error, final } = await endsCanceled(handle);
    expect(final.costUsd).toBeNull();
    expect(error.message).toContain('goes on at the provider and may be billed');
  });

  it('twice is the same as once, and after the end it does nothing', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start({ polling: { initialInterval: '1h' } });
    await until(handle, ({ state }) => state === 'generating');
    await Promise.all(WAYS.map(([, way]) => way(handle).catch(() => undefined)));
    await endsCanceled(handle);
    await cancel(handle).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
    });
    expect((await handle.status()).state).toBe('cancelled');
  });
});

it('keeps the reason that was given', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ polling: { initialInterval: '1h' } });
  await until(handle, ({ state }) => state === 'generating');
  await handle.cancel('the customer left');
  expect((await endsCanceled(handle)).error.message).toContain('the customer left');
});

it('of a run that adopts, before anything was checked, names the job and does not say that nothing is billed', async () => {
  const late = await startRig({ worker: false });
  const handle = await late.start({ jobId: 'given' });
  await late.temporal.workflow.getHandle(handle.workflowId).cancel();
  await late.startWorker();
  await expect(handle.result()).rejects.toMatchObject({
    type: 'Cancelled',
    message: expect.stringMatching(/Job given was not looked at; it may be billed\. .*longtake adopt given$/) as string,
  });
  await late.stop();
});
