import { defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { accepted, completed, job } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';

/**
 * Operators may reset, pause and unpause a single activity, have its heartbeat, which marks a paid request, forgotten, and
 * end it by hand. None of it pays again, or loses what was paid for.
 */

const CANCEL_REQUESTED = temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(async () => {
  await rig.stop();
});

async function startProcess() {
  const worker = await startWorkerProcess(rig.environment);
  onTestFinished(() => worker.kill());
  return worker;
}

/** A run whose paid request is at the provider, which answers once it is let. */
async function withSubmitUnderWay() {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  rig.provider.submits.length = 0;
  rig.provider.script = {
    submit: async ({ n }) => {
      if (n === 1) await answered;
      return accepted(`job-${n}`);
    },
    poll: ({ jobId }) => completed(jobId),
  };
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits.length, { timeout: 60_000 }).toBe(1);
  return { handle, answer };
}

const submitOf = ({ workflowId }: LongtakeHandle) => ({
  namespace: 'default',
  execution: { workflowId },
  type: 'submitVideo',
});

async function reset(handle: LongtakeHandle): Promise<void> {
  await rig.temporal.workflowService.resetActivity({ ...submitOf(handle), resetHeartbeat: true });
}

function pauseAndUnpause({ resetHeartbeat }: { readonly resetHeartbeat: boolean }) {
  return async (handle: LongtakeHandle): Promise<void> => {
    await rig.temporal.workflowService.pauseActivity(submitOf(handle));
    await rig.temporal.workflowService.unpauseActivity({ ...submitOf(handle), resetHeartbeat });
  };
}

const WAYS = [
  ['reset', reset],
  ['paused and unpaused', pauseAndUnpause({ resetHeartbeat: false })],
  ['paused and unpaused with its heartbeat reset', pauseAndUnpause({ resetHeartbeat: true })],
] as const;

it.each(WAYS)('a submit that is %s while its request is under way goes on with its answer', async (_how, change) => {
  await startProcess();
  const { handle, answer } = await withSubmitUnderWay();
  await change(handle);
  await startProcess();
  answer();
  expect((await handle.result()).jobId).toBe('job-1');
  expect(rig.provider.submits).toHaveLength(1);
});

it.each(WAYS)('a submit that is %s after its worker died in the middle asks a person', async (how, change) => {
  const worker = await startProcess();
  const { handle } = await withSubmitUnderWay();
  await worker.kill();
  await change(handle);
  await startProcess();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  expect(rig.provider.submits).toHaveLength(1);
  await handle.resolveSubmission({ action: 'adopt', jobId: `found, ${how}` });
  expect((await handle.result()).jobId).toBe(`found, ${how}`);
});

/** A submit is the second activity of a run. */
const byId = ({ workflowId }: LongtakeHandle) => ({ namespace: 'default', workflowId, activityId: '2' });

it.each<[string, (handle: LongtakeHandle) => Promise<unknown>, RegExp]>([
  [
    'failed',
    (handle) =>
      rig.temporal.workflowService.respondActivityTaskFailedById({
        ...byId(handle),
        failure: { message: 'enough', applicationFailureInfo: { nonRetryable: true } },
      }),
    /ended in Temporal, .* It was told: enough\./,
  ],
  [
    'completed',
    (handle) => rig.temporal.workflowService.respondActivityTaskCompletedById(byId(handle)),
    /ended in Temporal, by somebody/,
  ],
])('a submit that is %s by hand while its request is under way asks a person', async (_how, end, question) => {
  const worker = await startProcess();
  const { handle } = await withSubmitUnderWay();
  await worker.kill(); // or it would name the job by itself
  await end(handle);
  await startProcess();
  const { error } = await until(handle, ({ state }) => state === 'awaiting_decision');
  expect(error?.message).toMatch(question);
  await handle.resolveSubmission({ action: 'adopt', jobId: `ended by hand, ${handle.workflowId}` });
  await handle.result();
  expect(rig.provider.submits).toHaveLength(1);
});

const failedForNow = (handle: LongtakeHandle) =>
  rig.temporal.workflowService.respondActivityTaskFailedById({
    ...byId(handle),
    failure: { message: 'try it again', applicationFailureInfo: { type: 'ByHand' } },
  });

const FORGOTTEN = [
  ['failed by hand, and then reset', failedForNow, reset],
  ['reset, and then failed by hand', reset, failedForNow],
  ['failed by hand, and then paused and unpaused', failedForNow, pauseAndUnpause({ resetHeartbeat: true })],
] as const;

it.each(FORGOTTEN)('a submit that is %s with its heartbeat forgotten asks a person', async (how, first, then) => {
  const worker = await startProcess();
  const { handle } = await withSubmitUnderWay();
  await worker.kill(); // or it would name the job by itself
  await first(handle);
  await then(handle);
  await startProcess();
  const { error } = await until(handle, ({ state }) => state === 'awaiting_decision');
  expect(error?.message).toContain('after its request could have left');
  await handle.resolveSubmission({ action: 'adopt', jobId: how });
  await handle.result();
  expect(rig.provider.submits).toHaveLength(1);
});

const pause = (handle: LongtakeHandle) => rig.temporal.workflowService.pauseActivity(submitOf(handle));

async function expectDoubtAtTheEnd(handle: LongtakeHandle): Promise<void> {
  await expect(handle.result()).rejects.toMatchObject({
    type: 'Cancelled',
    message: expect.stringContaining('may exist and be billed') as string,
  });
  expect(rig.provider.submits).toHaveLength(1);
}

it('a cancel of a submit that is paused, and was failed by hand while its request was under way, leaves the doubt', async () => {
  const worker = await startProcess();
  const { handle } = await withSubmitUnderWay();
  await worker.kill();
  await pause(handle);
  await failedForNow(handle);
  await startProcess();
  await handle.cancel('enough');
  await expectDoubtAtTheEnd(handle);
});

it('a cancel that somebody confirms by hand while the request is under way leaves the doubt', async () => {
  const worker = await startProcess();
  const { handle } = await withSubmitUnderWay();
  await handle.cancel('enough');
  const isAsked = async (): Promise<boolean | null | undefined> => {
    const { raw } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
    return raw.pendingActivities?.some(({ state }) => state === CANCEL_REQUESTED);
  };
  await expect.poll(isAsked, { timeout: 60_000 }).toBe(true);
  await worker.kill();
  await rig.temporal.workflowService.respondActivityTaskCanceledById(byId(handle));
  await startProcess();
  await expectDoubtAtTheEnd(handle);
});

const resultOf = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });

it('a submit that is completed by hand with a job of somebody’s choice follows it, and names its own as well', async () => {
  await startProcess();
  const { handle, answer } = await withSubmitUnderWay();
  rig.provider.script.poll = ({ jobId }) => job(jobId, 'in_progress');
  const result = resultOf({ jobId: 'chosen' }); // without its status
  await rig.temporal.workflowService.respondActivityTaskCompletedById({ ...byId(handle), result });
  await until(handle, ({ jobId }) => jobId === 'chosen');
  answer();
  const { warnings } = await until(handle, (status) => status.warnings.length > 0);
  expect(warnings.join()).toMatch(/also tells of job job-1 .*: longtake adopt job-1$/);
  await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
  expect((await handle.status()).warnings).toEqual(warnings);
});

const GIVEN_PLAN = {
  ...{ model: 'test/model', output: 'given.mp4', overwrite: false, submitMs: 60_000, downloadMs: 60_000 },
  polling: {
    ...{ initialIntervalMs: 20, backoffCoefficient: 1, maximumIntervalMs: 20 },
    ...{ maximumAttempts: 1_000, timeoutMs: 60_000 },
  },
  ...{ onCancel: 'abandon', estimatedCostUsd: null, searchAttributes: true },
};

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a word', 'fine'],
  ['an empty object', {}],
  ['a plan without a price', GIVEN_PLAN],
  ['a plan whose price is too high', { ...GIVEN_PLAN, estimatedCostUsd: 0.51 }],
])('a check that is completed by hand with %s pays nothing for a run with a budget', async (_what, given) => {
  const worker = await startProcess();
  rig.provider.submits.length = 0;
  let isAsked = false;
  rig.provider.script = {
    models: () => {
      isAsked = true;
      return null; // no answer
    },
    poll: ({ jobId }) => completed(jobId),
  };
  const handle = await rig.start({ maxCostUsd: 0.5 });
  await expect.poll(() => isAsked, { timeout: 60_000 }).toBe(true);
  await rig.temporal.workflowService.respondActivityTaskCompletedById({
    ...{ ...byId(handle), activityId: '1' },
    ...(given === undefined ? {} : { result: resultOf(given) }),
  });
  await expect(handle.result()).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(/^The check .* was ended in Temporal .* Nothing was submitted\./) as string,
  });
  expect(rig.provider.submits).toHaveLength(0);
  await worker.kill();
});

it('a download that is completed by hand without a file fails with the command that gets the video', async () => {
  const worker = await startProcess();
  const { handle, answer } = await withSubmitUnderWay();
  let isAsked = false;
  rig.provider.script.content = () => {
    isAsked = true;
    return null; // no answer
  };
  answer();
  await expect.poll(() => isAsked, { timeout: 60_000 }).toBe(true);
  const { pendingActivities } = (await rig.temporal.workflow.getHandle(handle.workflowId).describe()).raw;
  const activityId = pendingActivities?.[0]?.activityId ?? '';
  await rig.temporal.workflowService.respondActivityTaskCompletedById({ ...byId(handle), activityId });
  await expect(handle.result()).rejects.toMatchObject({
    type: 'DownloadFailed',
    message: expect.stringMatching(/job-1 was ended in Temporal .*longtake adopt .*job-1$/) as string,
  });
  await worker.kill();
});
