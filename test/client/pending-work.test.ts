import { afterEach, beforeEach, expect, inject, it, onTestFinished } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { pendingWork } from '../../src/client/pending-work.js';
import { loadConfig } from '../../src/config.js';
import { createWorker } from '../../src/worker/index.js';
import { longtake, newFolder } from '../cli/cli-process.js';
import { runCommand } from '../deploy/run-command.js';
import { accepted, completed } from '../support/provider.js';
import { startRig, until, WORKFLOW_BUNDLE, type Rig } from '../support/rig.js';

let rig: Rig;

beforeEach(async () => {
  rig = await startRig({ worker: false, script: { poll: ({ jobId }) => completed(jobId) } });
});
afterEach(async () => {
  await rig.stop();
});

/** What the server says of a run, looked at so many milliseconds from now. */
async function problemOf({ workflowId }: LongtakeHandle, inMs: number) {
  const description = await rig.temporal.workflow.getHandle(workflowId).describe();
  return (await pendingWork(rig.temporal, description, Date.now() + inMs)).problem;
}

it('a step that no worker takes is told of after a minute, with the task queue', async () => {
  const handle = await rig.start();
  expect(await problemOf(handle, 0)).toBeNull();
  expect(await problemOf(handle, 61_000)).toMatchObject({
    type: 'NoWorker',
    message: expect.stringMatching(
      new RegExp(`^No worker of task queue ${rig.taskQueue} has taken the next step`),
    ) as unknown,
  });
  expect(await handle.status()).toMatchObject({ state: 'validating', error: null });
});

it('so is a download where only the other lane has a worker', async () => {
  const worker = await createWorker({
    config: loadConfig(rig.environment),
    lane: 'control',
    temporal: { workflowBundle: { codePath: WORKFLOW_BUNDLE } },
  });
  const ended = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await ended;
  });
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'downloading');
  expect(await problemOf(handle, 0)).toBeNull();
  expect(await problemOf(handle, 61_000)).toMatchObject({
    type: 'NoWorker',
    message: expect.stringMatching(
      new RegExp(`queue ${rig.taskQueue}-downloads has taken the downloadVideo since`),
    ) as unknown,
  });
});

it('an activity that somebody has paused is told of, for as long as it is', async () => {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  rig.provider.script = { submit: () => answered.then(() => accepted('job-1')), poll: ({ jobId }) => completed(jobId) };
  await rig.startWorker();
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits.length).toBe(1);
  const submit = { namespace: 'default', execution: { workflowId: handle.workflowId }, type: 'submitVideo' };
  await rig.temporal.workflowService.pauseActivity(submit);
  const { error } = await handle.status();
  expect(error).toMatchObject({
    type: 'Paused',
    message: expect.stringMatching(/^Somebody has paused the activity submitVideo in Temporal/) as unknown,
  });
  const listed = await longtake(['list'], { cwd: await newFolder(), env: rig.environment });
  expect(listed.stdout).toMatch(new RegExp(`^${handle.workflowId} +submitting, paused `, 'm'));
  expect(listed.stderr).toMatch(
    /^! (One run stands|\d+ runs stand|\d+ of the runs shown stands?) still\. To see why: longtake status \S+$/m,
  );

  const [, command = ''] = / when it is unpaused: temporal (activity unpause .*)$/.exec(error?.message ?? '') ?? [];
  expect(command).not.toMatch(/reset/);
  const address = ['--address', rig.environment['TEMPORAL_ADDRESS'] ?? ''];
  expect(runCommand(inject('temporalCli'), [...command.split(' '), ...address])).toMatchObject({ status: 0 });
  expect((await handle.status()).error).toBeNull();
  const [row] = (await rig.client.list({ limit: 1_000 })).filter(({ id }) => id === handle.workflowId);
  expect(row).toMatchObject({ state: 'submitting', standstill: null });
  answer();
  await handle.result();
});
