import { Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterEach, beforeEach, expect, inject, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/cli/checks/finding.js';
import { checkRuns } from '../../src/cli/checks/runs.js';
import type { LongtakeHandle } from '../../src/client/index.js';
import { pendingWork } from '../../src/client/pending-work.js';
import { loadConfig } from '../../src/config.js';
import { createWorker } from '../../src/worker/index.js';
import { longtake, newFolder } from '../cli/cli-process.js';
import { runCommand } from '../deploy/run-command.js';
import { accepted, completed, refusal } from '../support/provider.js';
import { completedTasks, resetTo } from '../support/reset-run.js';
import { startRig, until, WORKFLOW_BUNDLE, type Rig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';

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
      new RegExp(`queue ${rig.taskQueue}-downloads has taken the download since`),
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

it('a step that a frozen worker takes, and does not answer, is told as what it is, and as taken by nobody where all have gone', async () => {
  const worker = await startWorkerProcess(rig.environment);
  onTestFinished(() => worker.kill());
  process.kill(worker.pid, 'SIGSTOP');
  const handle = await rig.start();
  const error = async () => (await handle.status()).error;
  await expect.poll(error, { timeout: 90_000 }).not.toBeNull();
  const named = new RegExp(
    `again and again one takes its step .*first was ${worker.pid}@.*frozen.*longtake doctor.*restart`,
  );
  expect(await error()).toMatchObject({ type: 'StepTimesOut', message: expect.stringMatching(named) as unknown });

  const { workflowId } = handle;
  const [row] = (await rig.client.list({ limit: 1_000 })).filter(({ id }) => id === workflowId);
  expect(row).toMatchObject({ standstill: { type: 'StepTimesOut' }, errorType: 'StepTimesOut' });
  const cli = async (...args: string[]) => await longtake(args, { cwd: await newFolder(), env: rig.environment });
  expect((await cli('list')).stdout).toMatch(new RegExp(`^${workflowId} +validating, step times out `, 'm'));
  expect(await doctorOfRuns()).toMatchObject({
    status: 'fail',
    text: expect.stringMatching(
      new RegExp(`^${workflowId}: again and again a worker takes the step .*: (npx )?longtake status ${workflowId}$`),
    ) as unknown,
  });
  expect(await cli('cancel', workflowId)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(
      `Again and again a worker takes the step of the run and does not answer in time: the cancel is recorded, and takes effect once that is mended. To see why: longtake status ${workflowId}\n`,
    ) as unknown,
  });

  await worker.kill();
  await expect.poll(async () => (await problemOf(handle, 61_000))?.type, { timeout: 90_000 }).toBe('NoWorker');
  await rig.startWorker();
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
});

it('a reset is no failure of a worker: a step after it that a frozen one takes is told as any other', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows') };
  const first = await rig.startWorker();
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await first.stop();
  await resetTo(rig, handle, (await completedTasks(rig, handle)).at(-1));
  const frozen = await startWorkerProcess(rig.environment);
  onTestFinished(() => frozen.kill());
  process.kill(frozen.pid, 'SIGSTOP');
  const message = async () => (await problemOf(handle, 0))?.message;
  await expect.poll(message, { timeout: 90_000 }).toContain(`(the first was ${frozen.pid}@`);
});

it('a look at a job that no worker takes is named for what it is, and the question stands apart from the command', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows') };
  const worker = await rig.startWorker();
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await worker.stop();
  await startStepsOnly();
  const event = { status: 'completed', jobId: 'told-of' };
  await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', event);
  const problem = async () => (await problemOf(handle, 61_000))?.message;
  await expect
    .poll(problem)
    .toMatch(new RegExp(`^No worker of task queue ${rig.taskQueue} has taken the look at a job`));
  const look = { namespace: 'default', execution: { workflowId: handle.workflowId }, type: 'inspectJob' };
  await rig.temporal.workflowService.pauseActivity(look);
  expect((await handle.status()).error).toMatchObject({
    type: 'Paused',
    message: expect.stringMatching(
      new RegExp(` --workflow-id=${handle.workflowId}\\. Before that: OpenRouter answered 500`),
    ) as unknown,
  });
});

async function doctorOfRuns(): Promise<Finding> {
  const config = loadConfig(rig.environment);
  const connection = await Connection.connect({ address: config.temporal.address });
  onTestFinished(() => connection.close());
  return await checkRuns(connection, config);
}

/** A worker that takes no activity. */
async function startStepsOnly(): Promise<void> {
  const connection = await NativeConnection.connect({ address: rig.environment['TEMPORAL_ADDRESS'] ?? '' });
  const workflowBundle = { codePath: WORKFLOW_BUNDLE };
  const worker = await Worker.create({ connection, taskQueue: rig.taskQueue, workflowBundle });
  const ended = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await ended;
    await connection.close();
  });
}
