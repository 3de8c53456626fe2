import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { startGrpcProxy, type GrpcProxy } from '../support/grpc-proxy.js';
import { accepted, job, refusal } from '../support/provider.js';
import { completedTasks, resetTo } from '../support/reset-run.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** What a run had before Temporal's Reset stands in the server's lists only. While they are away, nothing is paid for in spite of it. */

const UNIMPLEMENTED = 12; // which no client tries again
const LISTS = 'ListWorkflowExecutions';
const NOT_ACTED_ON = 'This answer was not acted on: the run has something to tell first';

let proxy: GrpcProxy;
let rig: Rig;

beforeAll(async () => {
  proxy = await startGrpcProxy(inject('temporalAddress'));
  rig = await startRig({ address: proxy.address });
});
afterEach(() => {
  rig.provider.submits.length = 0;
});
afterAll(async () => {
  await rig.stop();
  await proxy.close();
});

const awaiting = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');
const asked = (handle: LongtakeHandle, what: string) =>
  until(handle, ({ error }) => error?.message.includes(what) === true);

async function untilListed({ workflowId }: LongtakeHandle, jobId: string): Promise<void> {
  const query = `WorkflowId = '${workflowId}' AND LongtakeJobId = '${jobId}'`;
  await expect.poll(() => rig.temporal.workflow.count(query)).toMatchObject({ count: 1 });
}

/** Twice it is told to send the request again, and has something to tell first. */
async function isNotPaidTwice(handle: LongtakeHandle, jobId: string, posts: number): Promise<void> {
  await expect(handle.resolveSubmission({ action: 'resubmit' })).rejects.toThrow(NOT_ACTED_ON);
  await asked(handle, 'Which job the run had before Temporal’s Reset could not be looked up');
  proxy.restore(LISTS);
  await expect(handle.resolveSubmission({ action: 'resubmit' })).rejects.toThrow(NOT_ACTED_ON);
  await asked(handle, `before it the run had job ${jobId}`);
  expect(rig.provider.submits).toHaveLength(posts);
  await handle.resolveSubmission({ action: 'resubmit' });
  await until(handle, ({ state }) => state === 'generating');
  expect(rig.provider.submits).toHaveLength(posts + 1);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ message: expect.stringContaining(jobId) as string });
}

it('a run that is reset into its question pays no second time before it can look back', async () => {
  rig.provider.script = {
    submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : accepted(`into-question-${n}`)),
    poll: ({ jobId }) => job(jobId, 'pending'),
  };
  const handle = await rig.start();
  await awaiting(handle);
  const question = (await completedTasks(rig, handle)).at(-1);
  await handle.resolveSubmission({ action: 'resubmit' });
  await until(handle, ({ state }) => state === 'generating');
  await untilListed(handle, 'into-question-2');
  void proxy.loseAnswersTo(LISTS, { grpcStatus: UNIMPLEMENTED });
  await resetTo(rig, handle, question);
  await awaiting(handle);
  await isNotPaidTwice(handle, 'into-question-2', 2);
});

it('nor does one that is reset to before its submit', async () => {
  rig.provider.script = {
    submit: ({ n }) => accepted(`before-submit-${n}`),
    poll: ({ jobId }) => job(jobId, jobId.endsWith('-1') ? 'failed' : 'pending'),
  };
  const handle = await rig.start();
  await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed' });
  await untilListed(handle, 'before-submit-1');
  void proxy.loseAnswersTo(LISTS, { grpcStatus: UNIMPLEMENTED });
  const [first] = await completedTasks(rig, handle);
  await resetTo(rig, handle, first);
  await awaiting(handle);
  await isNotPaidTwice(handle, 'before-submit-1', 1);
});
