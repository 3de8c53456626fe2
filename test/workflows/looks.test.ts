import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { gate } from '../support/gate.js';
import { completed, job, refusal } from '../support/provider.js';
import { replay } from '../support/replay.js';
import { startRig, until, type Rig, type RunningWorker } from '../support/rig.js';
import { say } from '../support/say.js';

let rig: Rig;
let worker: RunningWorker;
beforeAll(async () => {
  rig = await startRig({ worker: false });
  worker = await rig.startWorker();
});
afterEach(() => {
  rig.provider.polls.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

const told = (handle: LongtakeHandle, jobId: string) =>
  rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', { jobId, status: 'completed' });

async function inDoubt(): Promise<LongtakeHandle> {
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  return handle;
}

async function whileNobodyWorks(work: () => Promise<void>): Promise<void> {
  await worker.stop();
  await work();
  worker = await rig.startWorker();
}

async function acceptedUpdates({ workflowId }: LongtakeHandle): Promise<number> {
  const { events } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
}

async function replays({ workflowId }: LongtakeHandle): Promise<void> {
  const history = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  await replay(workflowId, history);
}

it('a run that hears of one job from an event and of another from a person, at once, goes the same way in a replay', async () => {
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: ({ jobId }) => (jobId === 'by-event' ? refusal(503, 'busy') : completed(jobId)),
  };
  const handle = await inDoubt();
  await whileNobodyWorks(async () => {
    await told(handle, 'by-event');
    await say(rig, handle, { action: 'adopt', jobId: 'by-person' });
  });
  expect(await handle.result()).toMatchObject({ jobId: 'by-person' });
  await replays(handle);
});

it('so does one that is cancelled, abandoned and given two jobs at once', async () => {
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: () => refusal(503, 'busy'),
  };
  const answers: Promise<unknown>[] = [];
  const handle = await inDoubt();
  await whileNobodyWorks(async () => {
    await rig.temporal.workflow.getHandle(handle.workflowId).signal('cancel', { reason: 'enough' });
    await told(handle, 'named');
    for (const jobId of ['given', 'given-too']) answers.push((await say(rig, handle, { action: 'adopt', jobId })).told);
    answers.push((await say(rig, handle, { action: 'abandon' })).told);
  });
  await handle.result().catch(() => undefined);
  await Promise.allSettled(answers);
  await replays(handle);
});

it('so does one whose look takes longer than a workflow task, while somebody answers', async () => {
  const slow = gate();
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: async ({ jobId, n }) => {
      if (jobId === 'unread') await slow.opened;
      if (jobId === 'unread') return refusal(429, 'wait', { 'Retry-After': '2' });
      return n === 1 ? refusal(503, 'busy') : completed(jobId);
    },
  };
  const handle = await inDoubt();
  await told(handle, 'found-at-last');
  await expect.poll(() => rig.provider.polls).toContain('found-at-last');
  await say(rig, handle, { action: 'adopt', jobId: 'unread' });
  await expect.poll(() => rig.provider.polls, { timeout: 20_000 }).toContain('unread');
  await say(rig, handle, { action: 'resubmit' });
  await expect.poll(() => acceptedUpdates(handle), { timeout: 20_000 }).toBe(2);
  slow.open();
  expect(await handle.result()).toMatchObject({ jobId: 'found-at-last' });
  await replays(handle);
});

it('a run whose last look ends after the run had been given up tells of that job, too', async () => {
  const slow = gate();
  rig.provider.script = {
    poll: async ({ jobId }) => {
      if (jobId === 'second') await slow.opened;
      return job(jobId, 'in_progress');
    },
  };
  const handle = await rig.start({ polling: { initialInterval: '1h' } });
  await until(handle, ({ state }) => state === 'generating');
  await told(handle, 'second');
  await expect.poll(() => rig.provider.polls).toContain('second');
  await handle.cancel();
  await until(handle, ({ state }) => state === 'cancelled');
  slow.open();
  await expect(handle.result()).rejects.toMatchObject({
    message: expect.stringMatching(/The provider also tells of job second for this run/) as string,
  });
});

it('whoever names a job hears that it could not be looked at where the look was ended by hand', async () => {
  const slow = gate();
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: async ({ jobId }) => {
      await slow.opened;
      return completed(jobId);
    },
  };
  const handle = await inDoubt();
  const { told: answer } = await say(rig, handle, { action: 'adopt', jobId: 'ended-by-hand' });
  await expect.poll(() => rig.provider.polls).toContain('ended-by-hand');
  const { workflowId } = handle;
  const { raw } = await rig.temporal.workflow.getHandle(workflowId).describe();
  const [look] = raw.pendingActivities ?? [];
  const activityId = look?.activityId ?? '';
  await rig.temporal.workflowService.respondActivityTaskFailedById({
    namespace: 'default',
    workflowId,
    activityId,
    failure: { message: 'enough', applicationFailureInfo: { nonRetryable: true } },
  });
  expect(await answer).toBe('Job ended-by-hand could not be looked at. Try again; the run goes on waiting.');
  slow.open();
  await handle.cancel();
});
