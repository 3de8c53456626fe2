import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completed, refusal } from '../support/provider.js';
import { startRig, until, useQuietRuntime, type Rig } from '../support/rig.js';
import { startTimeSkipping } from '../support/time-skipping.js';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  useQuietRuntime();
  environment = await startTimeSkipping();
  rig = await startRig({ address: environment.address });
});
afterAll(async () => {
  await rig.stop();
  await environment.teardown();
});

it('a job that an event named is looked at again when Retry-After is over, and is adopted then', async () => {
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: ({ n, jobId }) => (n === 1 ? refusal(429, 'slow down', { 'retry-after': '3600' }) : completed(jobId)),
  };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  const run = rig.temporal.workflow.getHandle(handle.workflowId);
  await run.signal('providerEvent', { jobId: 'named', status: 'completed' });
  await until(handle, ({ error }) => error?.message.includes('job named, which could not be read yet') === true);
  await environment.sleep('59m');
  expect(await handle.status()).toMatchObject({ state: 'awaiting_decision' });
  expect(rig.provider.polls).toEqual(['named']);
  await environment.sleep('2m');
  expect(await handle.result()).toMatchObject({ jobId: 'named' });
  expect(rig.provider.polls).toEqual(['named', 'named', 'named']);
});
