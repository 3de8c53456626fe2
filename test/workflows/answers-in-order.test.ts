import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { accepted, completed, refusal } from '../support/provider.js';
import { startRig, until, type Rig, type RunningWorker } from '../support/rig.js';
import { say } from '../support/say.js';

/** What people say to a run while nobody takes its steps reaches it all at once, and the request is the last thing to be sent. */

let rig: Rig;
let worker: RunningWorker;
let handle: LongtakeHandle;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
beforeEach(async () => {
  rig.provider.submits.length = 0;
  rig.provider.script = { submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : accepted('second')) };
  worker = await rig.startWorker();
  handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
});
afterEach(async () => {
  await worker.stop();
});
afterAll(async () => {
  await rig.stop();
});

async function whileNobodyWorks<T>(work: () => Promise<T>): Promise<T> {
  await worker.stop();
  const done = await work();
  worker = await rig.startWorker();
  return done;
}

it('a job that a person names goes before a request to send it again, whichever was said first', async () => {
  const [again, adopt] = await whileNobodyWorks(async () => [
    await say(rig, handle, { action: 'resubmit' }),
    await say(rig, handle, { action: 'adopt', jobId: `first of ${handle.workflowId}` }),
  ]);
  expect((await handle.result()).jobId).toBe(`first of ${handle.workflowId}`);
  expect(await adopt.told).toMatchObject({ jobId: `first of ${handle.workflowId}` });
  expect(await again.told).toBe(`A job turned up in that moment: the run follows first of ${handle.workflowId}.`);
  expect(rig.provider.submits).toHaveLength(1);
});

it('so does the word to give it up', async () => {
  const [again, abandon] = await whileNobodyWorks(async () => [
    await say(rig, handle, { action: 'resubmit' }),
    await say(rig, handle, { action: 'abandon' }),
  ]);
  await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
  expect(await abandon.told).toMatchObject({ jobId: null });
  expect(await again.told).toBe('Another answer came in that moment: the submit is abandoned.');
  expect(rig.provider.submits).toHaveLength(1);
});

it('a named job that is none holds up nobody', async () => {
  rig.provider.script.poll = ({ jobId }) => (jobId === 'wrong' ? refusal(404, 'no such job') : completed(jobId));
  const [adopt, again] = await whileNobodyWorks(async () => [
    await say(rig, handle, { action: 'adopt', jobId: 'wrong' }),
    await say(rig, handle, { action: 'resubmit' }),
  ]);
  expect((await handle.result()).jobId).toBe('second');
  expect(await adopt.told).toMatch(/^The provider knows no job wrong\./);
  expect(await again.told).toMatchObject({ error: null });
  expect(rig.provider.submits).toHaveLength(2);
});

it('whoever names a job after another one was adopted hears how to save it', async () => {
  const [, late] = await whileNobodyWorks(async () => [
    await say(rig, handle, { action: 'abandon' }),
    await say(rig, handle, { action: 'adopt', jobId: 'left-over' }),
  ]);
  expect(await late.told).toMatch(/To save the video of left-over all the same: longtake adopt left-over$/);
});

it('a cancel goes before it too, while the server has not told the run of it', async () => {
  await whileNobodyWorks(async () => {
    await say(rig, handle, { action: 'resubmit' });
    await handle.cancel('changed my mind');
  });
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  const { events } = await rig.temporal.workflow.getHandle(handle.workflowId).fetchHistory();
  const submits = (events ?? []).filter(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'submitVideo',
  );
  expect(submits).toHaveLength(1);
});
