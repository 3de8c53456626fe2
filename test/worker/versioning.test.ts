import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { checkWorkers } from '../../src/cli/checks/workers.js';
import { loadConfig } from '../../src/config.js';
import { longtake, newFolder, type CliEnd } from '../cli/cli-process.js';
import { runCommand, type CommandEnd } from '../deploy/run-command.js';
import { accepted, CLIP, completed, job, video } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

const { TaskQueueType } = proto.temporal.api.enums.v1;

// Four processes start one after the other.
vi.setConfig({ testTimeout: 300_000 });

/** A deployment of its own for every test: it has the name of the task queue. */
let rig: Rig;
let workers: WorkerProcess[];

beforeEach(async () => {
  rig = await startRig({ worker: false });
  rig.provider.script.submit = ({ json }) => accepted(String(json['prompt']));
  workers = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await rig.stop();
});

async function startVersion(buildId: string, ...flags: string[]): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(environmentOf(buildId), { flags });
  workers.push(worker);
  return worker;
}

function environmentOf(buildId: string): Record<string, string> {
  return { ...rig.environment, LONGTAKE_WORKER_VERSIONING: 'on', TEMPORAL_WORKER_BUILD_ID: buildId };
}

async function start(name: string) {
  const request = { model: 'test/model', prompt: name, duration: 4 };
  return await rig.start({ request, output: `${name}.mp4` }, `${name} ${rig.taskQueue}`);
}

/** A version becomes current also without a lane of the one before. */
const FORCED = ['--ignore-missing-task-queues', '--allow-no-pollers'];

/** What an operator types; the server learns of a version from its first poll. */
function deploy(verb: string, buildId: string, flags: readonly string[] = []): CommandEnd {
  const version = ['--deployment-name', rig.taskQueue, '--build-id', buildId, ...flags];
  return runCommand(inject('temporalCli'), ['worker', 'deployment', verb, ...version, ...asked()]);
}

function setCurrent(buildId: string): CommandEnd {
  return deploy('set-current-version', buildId);
}

function asked(): string[] {
  return ['--yes', '--address', rig.environment['TEMPORAL_ADDRESS'] ?? ''];
}

async function makeCurrent(buildId: string): Promise<void> {
  await expect.poll(() => setCurrent(buildId)).toMatchObject({ status: 0 });
  await expect.poll(() => currentVersion(rig.taskQueue, 'TASK_QUEUE_TYPE_WORKFLOW')).toBe(buildId);
  await expect.poll(() => currentVersion(`${rig.taskQueue}-downloads`, 'TASK_QUEUE_TYPE_ACTIVITY')).toBe(buildId);
}

/** The queues learn of it one after the other. */
async function currentVersion(name: string, type: keyof typeof TaskQueueType): Promise<string | null | undefined> {
  const { versioningInfo } = await rig.temporal.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name },
    taskQueueType: TaskQueueType[type],
  });
  return versioningInfo?.currentDeploymentVersion?.buildId;
}

async function doctor(env: Record<string, string>): Promise<string> {
  return (await diagnosis(env)).stdout.split('\n').find((line) => / versioning /.test(line)) ?? '';
}

async function diagnosis(env: Record<string, string>): Promise<CliEnd> {
  return await longtake(['doctor'], { cwd: await newFolder(), env });
}

async function versionOf(workflowId: string): Promise<string> {
  const { raw } = await rig.temporal.workflow.getHandle(workflowId).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? 'none';
}

function prompts(): string[] {
  return rig.provider.submits.map((body) => (JSON.parse(body) as { prompt: string }).prompt).sort();
}

describe('worker versioning', () => {
  it('lets no run start until a version is current, and the doctor says the command that lets it', async () => {
    expect(await doctor(environmentOf('1.0'))).toMatch(/^note versioning .*no version is current/);
    await startVersion('1.0');
    const handle = await start('waits');
    await expect.poll(() => doctor(environmentOf('1.0'))).toMatch(/^FAIL versioning .*so \S+:1\.0 gets no run\./);
    expect((await diagnosis(environmentOf('1.0'))).code).toBe(1);
    expect(rig.provider.submits).toEqual([]);
    const [, command = ''] =
      / or give all runs to workers of \S+:1\.0: temporal (.+)$/.exec(await doctor(environmentOf('1.0'))) ?? [];
    await expect
      .poll(() => runCommand(inject('temporalCli'), [...command.split(' '), ...asked()]))
      .toMatchObject({ status: 0 });
    expect(await handle.result()).toMatchObject({ jobId: 'waits' });
    await expect.poll(() => doctor(environmentOf('1.0'))).toMatch(/^ok {3}versioning +\S+:1\.0 is current$/);
    expect(await doctor(environmentOf('2.0'))).toMatch(
      /^note versioning +\S+:1\.0 is current; \S+:2\.0 gets no run\. Before you give them any, start workers of \S+:2\.0 for both lanes: .*longtake worker$/,
    );
    await startVersion('2.0', '--lane', 'control');
    expect(await doctor(environmentOf('2.0'))).toMatch(/gets no run\. Before you give them any, start workers of/);
    await startVersion('2.0', '--lane', 'downloads');
    await expect
      .poll(() => doctor(environmentOf('2.0')))
      .toMatch(
        /gets no run\. To give all runs to workers of \S+: temporal worker deployment set-current-version .*--build-id 2\.0$/,
      );
    expect(await doctor(rig.environment)).toMatch(
      /^note versioning +off here, but .*LONGTAKE_WORKER_VERSIONING get none\. Before you give them any, start workers without .*$/,
    );
  });

  it('has the doctor tell of a version that was made current before any worker of it was there', async () => {
    await expect.poll(() => deploy('set-current-version', '1.0', FORCED)).toMatchObject({ status: 0 });
    const handle = await start('early');
    for (const env of [environmentOf('1.0'), environmentOf('2.0'), rig.environment]) {
      await expect
        .poll(() => doctor(env))
        .toMatch(
          /^FAIL versioning +\S+:1\.0 is current, but no worker of it has asked for work yet, so runs wait\. Start workers of \S+:1\.0 for both lanes$/,
        );
    }
    await startVersion('1.0');
    expect(await handle.result()).toMatchObject({ jobId: 'early' });
    await expect.poll(() => doctor(environmentOf('1.0'))).toMatch(/^ok {3}versioning +\S+:1\.0 is current$/);
  });

  it('has the doctor fail where the current version lacks workers, and say to whom the runs can be given', async () => {
    await startVersion('A');
    await makeCurrent('A');
    await startVersion('half', '--lane', 'control');
    await expect.poll(() => deploy('set-current-version', 'half', FORCED)).toMatchObject({ status: 0 });
    const failed =
      /^FAIL versioning .*No workers of \S+:half ask for work on \S+-downloads, so runs wait\. .*, or give all runs to workers of \S+:A: temporal (.+)$/;
    for (const env of [environmentOf('half'), environmentOf('A'), environmentOf('B'), rig.environment]) {
      await expect.poll(() => doctor(env)).toMatch(failed);
      expect((await diagnosis(env)).code).toBe(1);
    }
    const [, command = ''] = failed.exec(await doctor(environmentOf('half'))) ?? [];
    await expect
      .poll(() => runCommand(inject('temporalCli'), [...command.split(' '), ...asked()]))
      .toMatchObject({ status: 0 });
    await expect.poll(() => doctor(environmentOf('A'))).toMatch(/^ok {3}versioning +\S+:A is current$/);

    const connection = await Connection.connect({ address: rig.environment['TEMPORAL_ADDRESS'] ?? '' });
    onTestFinished(() => connection.close());
    const later = await checkWorkers(connection, loadConfig(environmentOf('half')), Date.now() + 4 * 60_000);
    expect(later.at(-1)).toMatchObject({
      status: 'fail',
      text: expect.stringMatching(
        /No workers of \S+:A ask .* and \S+-downloads, so runs wait\..* both lanes$/,
      ) as string,
    });
  });

  it('has the doctor show the share of another version, and fail where that one lacks workers', async () => {
    await startVersion('A');
    await makeCurrent('A');
    await startVersion('B', '--lane', 'control');
    const share = ['--percentage', '10', ...FORCED];
    await expect.poll(() => deploy('set-ramping-version', 'B', share)).toMatchObject({ status: 0 });
    const failed =
      /^FAIL .*:A is current; 10 % of the runs go to workers of \S+:B\. No workers of \S+:B ask for work on \S+-downloads, so these runs wait\..* end the ramp: temporal (.+)$/;
    await expect.poll(() => doctor(environmentOf('A'))).toMatch(failed);
    const [, command = ''] = failed.exec(await doctor(environmentOf('A'))) ?? [];

    await startVersion('B', '--lane', 'downloads');
    await expect
      .poll(() => doctor(environmentOf('A')))
      .toMatch(/^ok {3}versioning +\S+:A is current; 10 % of the runs go to workers of \S+:B$/);
    expect(await doctor(environmentOf('B'))).toMatch(
      /^note .*; 10 % of .*:B\. To give all runs to workers of \S+: temporal .* B$/,
    );

    await expect
      .poll(() => runCommand(inject('temporalCli'), [...command.split(' '), ...asked()]))
      .toMatchObject({ status: 0 });
    await expect.poll(() => doctor(environmentOf('A'))).toMatch(/^ok {3}versioning +\S+:A is current$/);
  });

  it('moves runs that are under way to the version that becomes current, in every state, and submits nothing twice', async () => {
    let isDone = false;
    let finish: () => void = () => undefined;
    rig.provider.script = {
      submit: ({ json, request }) => {
        if (json['prompt'] !== 'in doubt') return accepted(String(json['prompt']));
        request.socket.destroy();
        return null;
      },
      poll: ({ jobId }) => (jobId === 'generating' && !isDone ? job(jobId, 'in_progress') : completed(jobId)),
      content: ({ jobId, response }) => {
        if (jobId !== 'downloading') return video();
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, 5_000));
        finish = () => response.end(CLIP.subarray(5_000));
        return null;
      },
    };
    const a = await startVersion('A');
    await makeCurrent('A');
    const [generating, inDoubt, downloading] = [
      await start('generating'),
      await start('in doubt'),
      await start('downloading'),
    ];
    await until(generating, ({ state, polls }) => state === 'generating' && polls > 0);
    await until(inDoubt, ({ state }) => state === 'awaiting_decision');
    await until(downloading, ({ transfer }) => transfer !== null && transfer.bytes > 0);
    for (const { workflowId } of [generating, inDoubt, downloading]) expect(await versionOf(workflowId)).toBe('A');

    await startVersion('B');
    await makeCurrent('B');
    const fresh = await start('fresh');
    expect(await fresh.result()).toMatchObject({ jobId: 'fresh' });
    finish();
    isDone = true;
    await inDoubt.resolveSubmission({ action: 'adopt', jobId: 'found' });
    const results = await Promise.all([generating, inDoubt, downloading].map((handle) => handle.result()));
    expect(results.map(({ jobId }) => jobId)).toEqual(['generating', 'found', 'downloading']);
    for (const { workflowId } of [generating, inDoubt, downloading, fresh])
      expect(await versionOf(workflowId)).toBe('B');
    expect(prompts()).toEqual(['downloading', 'fresh', 'generating', 'in doubt']);
    expect(await a.terminate()).toBe(0);
  });

  it('holds for both lanes: a version becomes current with both, and downloads go to its own lane', async () => {
    const control = await startVersion('A', '--lane', 'control');
    const downloads = await startVersion('A', '--lane', 'downloads');
    await makeCurrent('A');
    const first = await start('first');
    await first.result();
    expect(await downloadedBy(first.workflowId)).toBe(`${downloads.pid}@${hostname()}`);

    await startVersion('B', '--lane', 'control');
    await expect.poll(() => setCurrent('B').output).toMatch(/missing/i);
    const second = await start('second');
    await second.result();
    expect(await versionOf(second.workflowId)).toBe('A');

    const newDownloads = await startVersion('B', '--lane', 'downloads');
    await makeCurrent('B');
    await Promise.all([control.terminate(), downloads.terminate()]);
    const third = await start('third');
    await third.result();
    expect(await versionOf(third.workflowId)).toBe('B');
    expect(await downloadedBy(third.workflowId)).toBe(`${newDownloads.pid}@${hostname()}`);
    expect(prompts()).toEqual(['first', 'second', 'third']);
  });
});

/** The process that the server names. */
async function downloadedBy(workflowId: string): Promise<string | null | undefined> {
  const { events = [] } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = events?.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'downloadVideo',
  );
  return events?.find(
    ({ activityTaskStartedEventAttributes: it }) => String(it?.scheduledEventId) === String(scheduled?.eventId),
  )?.activityTaskStartedEventAttributes?.identity;
}
