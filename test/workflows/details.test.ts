import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { longtake } from '../cli/cli-process.js';
import { completed, job, refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** What Temporal's UI shows of a run, and `longtake status` beside it. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
beforeEach(() => {
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

async function detailsOf({ workflowId }: LongtakeHandle): Promise<string> {
  const handle = rig.temporal.workflow.getHandle(workflowId);
  return (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
}

async function cardOf({ workflowId }: LongtakeHandle): Promise<string> {
  return (await longtake(['status', workflowId], { cwd: rig.storage, env: rig.environment })).stdout;
}

async function expectCost(handle: LongtakeHandle, inUi: string, inCli: string): Promise<void> {
  expect(await detailsOf(handle)).toContain(`- cost: ${inUi}\n`);
  expect(await cardOf(handle)).toMatch(new RegExp(`^cost +${inCli.replace(/[$()]/g, '\\$&')}$`, 'm'));
}

const NOTHING = 'nothing: no job was submitted';

it('says of a run that was refused that it cost nothing', async () => {
  rig.provider.script = { submit: () => refusal(400, 'no such thing') };
  const handle = await rig.start();
  await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionRejected' });
  await expectCost(handle, NOTHING, NOTHING);
});

it('says when a refused request is tried again, and that it cost nothing where the run is cancelled before', async () => {
  rig.provider.script = { submit: () => refusal(429, 'later', { 'retry-after': '60' }) };
  const handle = await rig.start();
  await expect.poll(() => cardOf(handle), { timeout: 30_000 }).toMatch(/^next try +\d{4}-\d\d-\d\d /m);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  await expectCost(handle, NOTHING, NOTHING);
});

it('does not say so of a run in doubt, whatever became of it then', async () => {
  let sent = 0;
  rig.provider.script = { submit: () => (sent++ === 0 ? refusal(502, 'oops') : refusal(400, 'no')) };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await handle.resolveSubmission({ action: 'resubmit' });
  await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionRejected' });
  await expectCost(handle, 'not known (estimated `$0.12`)', 'not known (estimated $0.12)');
});

it('says of a finished run that the provider did not tell its price', async () => {
  rig.provider.script = { poll: ({ jobId }) => completed(jobId, null) };
  const handle = await rig.start();
  await handle.result();
  await expectCost(
    handle,
    'not told by the provider (estimated `$0.12`)',
    'not told by the provider (estimated $0.12)',
  );
});

it('sets the flags that a message names as code', async () => {
  const first = await rig.start();
  const { assets } = await first.result();
  const second = await rig.start({ output: assets[0]?.key ?? '' });
  await expect(second.result()).rejects.toMatchObject({ type: 'OutputConflict' });
  expect(await detailsOf(second)).toMatch(/`--overwrite`/);
});

it('sets each of several commands in a message as code of its own', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows'), poll: () => refusal(404, 'not yet') };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  const run = rig.temporal.workflow.getHandle(handle.workflowId);
  for (const jobId of ['card-1', 'card-2']) await run.signal('providerEvent', { status: 'completed', jobId });
  await until(handle, ({ error }) => /card-1.*card-2/.test(error?.message ?? ''));
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  expect(await detailsOf(handle)).toContain(
    'The provider told of job card-1; to save its video: `longtake adopt card-1`. The provider told of job card-2; to save its video: `longtake adopt card-2`\n',
  );
});

it('says of a run that was cancelled, and settles, what it still does, and not how to cancel', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const handle = await rig.start({ onCancel: 'settle' });
  await until(handle, ({ state }) => state === 'generating');
  expect(await detailsOf(handle)).toContain('To cancel: ');
  await handle.cancel();
  await until(handle, ({ cancelRequested }) => cancelRequested);
  const details = await detailsOf(handle);
  expect(details).toMatch(/^\*\*generating\*\* since \S+; cancel requested\n/);
  expect(details).toContain('It saves nothing any more: it polls only for what the job costs, until ');
  expect(details).not.toContain('To cancel');
  rig.provider.script = { poll: ({ jobId }) => completed(jobId) };
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
});
