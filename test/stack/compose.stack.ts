import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { LongtakeClient, type GenerateVideoResult, type LongtakeHandle } from '../../src/client/index.js';
import { startSimulator, type Simulator } from '../../src/simulator/index.js';
import { waitUntil } from '../../src/local/wait-until.js';
import { longtake, newFolder } from '../cli/cli-process.js';
import {
  accepted,
  CLIP,
  completed,
  job,
  startProvider,
  video,
  type Call,
  type Provider,
  type Reply,
} from '../support/provider.js';
import { until, withDefaults } from '../support/rig.js';
import { httpAddressOf, type WorkerProcess } from '../support/worker-process.js';
import { startComposeStack, type ComposeStack } from './compose-stack.js';

const RUNS = ['1', '2', '3', '4', '5', '6'];

let stack: ComposeStack;
let workers: WorkerProcess[] = [];

beforeAll(async () => {
  stack = await startComposeStack(inject('temporalCli'));
});
afterAll(async () => {
  await stack.stop();
});

/** Resolves when `/readyz` of every worker answers so. */
async function answerReadyz(words: string): Promise<void> {
  for (const worker of workers) {
    const readyz = `http://${await httpAddressOf(worker)}/readyz`;
    const says = async () => (await (await fetch(readyz)).text()).includes(words);
    if (!(await waitUntil(says, { timeoutMs: 120_000 }))) throw new Error(`${readyz} never said ${words}`);
  }
}

async function expectInBucket({ assets }: GenerateVideoResult): Promise<void> {
  const [asset, ...more] = assets;
  expect(more).toEqual([]);
  expect(asset?.uri).toBe(`s3://videos/${asset?.key ?? ''}`);
  const object = await stack.object(asset?.key ?? '');
  expect(object).toHaveLength(asset?.bytes ?? 0);
  expect(createHash('sha256').update(object).digest('hex')).toBe(asset?.sha256);
}

describe('the stack of docker-compose.yml, with its own S3', () => {
  const posts: string[] = [];
  let simulator: Simulator;
  let env: Record<string, string>;

  beforeAll(async () => {
    const log = (line: string): void => {
      if (line.startsWith('POST')) posts.push(line);
    };
    simulator = await startSimulator({ generationMs: 500, log });
    workers = await stack.startWorkers(simulator.baseUrl);
    env = await stack.environment(simulator.baseUrl);
    await answerReadyz('ready');
  });
  afterAll(async () => {
    expect(await Promise.all(workers.map((worker) => worker.terminate()))).toEqual(workers.map(() => 0));
    await simulator.close();
  });

  it('finds nothing wrong with itself: longtake doctor', async () => {
    const cwd = await newFolder();
    const doctor = () => longtake(['doctor'], { cwd, env });
    // Ready is who is about to ask for work, so that the server may not have been asked yet.
    const twice = async () =>
      (await doctor()).stdout.match(/^ok {3}(download )?workers +2 seen in the last 70 s on longtake/gm)?.length;
    await expect.poll(twice).toBe(2);
    const { code, stdout } = await doctor();
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^ok {3}search attributes +all there$/m);
    expect(stdout).not.toMatch(/^(note|FAIL)/m);
  });

  it('turns one request into one object, whose bytes are those that the result names', async () => {
    const request = ['--model', 'google/veo-3.1-lite', '--duration', '4', '--resolution', '720p'];
    const args = [
      'generate',
      'A lighthouse at dusk',
      ...request,
      '--id',
      'lighthouse',
      '--poll-interval',
      '1s',
      '--json',
    ];
    const { code, stdout, stderr } = await longtake(args, { cwd: await newFolder(), env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { state, result } = JSON.parse(stdout) as { state: string; result: GenerateVideoResult };
    expect(state).toBe('succeeded');
    await expectInBucket(result);
    expect(simulator.ledger().map(({ id }) => id)).toEqual([result.jobId]);
    expect(posts).toHaveLength(1);
  });

  it('finds it again by its search attributes: longtake list', async () => {
    const [job] = simulator.ledger();
    const list = async () => {
      const args = ['list', '--state', 'succeeded', '--model', 'google/veo-3.1-lite', '--json'];
      const { stdout } = await longtake(args, { cwd: await newFolder(), env });
      return (JSON.parse(stdout) as Record<string, unknown>[]).map(({ id, jobId, costUsd }) => ({
        id,
        jobId,
        costUsd,
      }));
    };
    await expect.poll(list).toEqual([{ id: 'lighthouse', jobId: job?.id, costUsd: job?.costUsd }]);
  });
});

describe('the stack of docker-compose.yml, when a process of it is killed with SIGKILL', () => {
  let provider: Provider;
  let connection: Connection;
  let client: Client;

  beforeAll(async () => {
    provider = await startProvider();
    workers = await stack.startWorkers(provider.baseUrl);
    connection = await Connection.connect({ address: stack.temporal.address });
    client = new Client({ connection });
    await answerReadyz('ready');
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await connection.close();
    await provider.close();
  });
  afterEach(() => {
    provider.submits.length = 0;
    provider.contents.length = 0;
  });

  function submit({ json }: Call): Reply {
    return accepted(`job of ${String(json['prompt'])}`);
  }

  async function startAll(of: string): Promise<LongtakeHandle[]> {
    const longtakeClient = new LongtakeClient({ client });
    const starts = RUNS.map((run) => {
      const request = { model: 'test/model', prompt: `${of}-${run}`, duration: 4 };
      const polling = { initialInterval: '1s', maximumInterval: '2s' };
      return longtakeClient.start(withDefaults({ request, polling }), { id: `${of}-${run}` });
    });
    return await Promise.all(starts);
  }

  /** Each with its own object, and each after one POST. */
  async function expectAllSaved(handles: readonly LongtakeHandle[]): Promise<void> {
    const results = await Promise.all(handles.map((handle) => handle.result()));
    for (const result of results) await expectInBucket(result);
    expect(new Set(results.map(({ assets }) => assets[0]?.key)).size).toBe(RUNS.length);
    const prompts = provider.submits.map((body) => (JSON.parse(body) as { prompt: string }).prompt);
    expect(prompts.sort()).toEqual(handles.map(({ workflowId }) => workflowId).sort());
  }

  it('a worker, in the middle of downloads: the other one saves what it had begun', async () => {
    const begun: (() => void)[] = [];
    const asked = new Set<string>();
    provider.script = {
      submit,
      poll: ({ jobId }) => completed(jobId),
      content: ({ jobId, response }) => {
        if (asked.has(jobId)) return video();
        asked.add(jobId);
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, CLIP.length / 2));
        begun.push(() => response.end(CLIP.subarray(CLIP.length / 2)));
        return null;
      },
    };
    const handles = await startAll('worker');
    await expect.poll(() => begun.length).toBe(RUNS.length);
    const busy = await workerOfDownload(handles[0]?.workflowId ?? '');
    await busy.kill();
    workers = workers.filter((worker) => worker !== busy);
    for (const finish of begun) finish();
    await expectAllSaved(handles);
    expect(provider.contents.length).toBeGreaterThan(RUNS.length);
  });

  it('the Temporal server, while runs wait: they go on when it is back', async () => {
    let isDone = false;
    provider.script = { submit, poll: ({ jobId }) => (isDone ? completed(jobId) : job(jobId, 'in_progress')) };
    const handles = await startAll('server');
    for (const handle of handles) await until(handle, ({ state, polls }) => state === 'generating' && polls > 0);
    await stack.temporal.kill();
    await answerReadyz('Temporal does not answer');
    await stack.temporal.restart();
    await answerReadyz('ready');
    isDone = true;
    await expectAllSaved(handles);
  });

  /** Temporal names the process that has the activity. */
  async function workerOfDownload(workflowId: string): Promise<WorkerProcess> {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const identity = raw.pendingActivities?.[0]?.lastWorkerIdentity;
    const found = workers.find(({ pid }) => identity === `${pid}@${hostname()}`);
    if (found === undefined) throw new Error(`${String(identity)} is none of the workers`);
    return found;
  }
});
