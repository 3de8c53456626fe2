import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GenerateVideoResult, LongtakeHandle } from '../../src/client/index.js';
import { accepted, CLIP, completed, job, video } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';
import { buildEarlier, type EarlierBuild } from './earlier-build.js';

/**
 * The release before this one; set it to a release's commit when the next one is begun. While there is none, it is the last
 * commit before workers could be versioned.
 */
const EARLIER = 'abbd390b879196fd694473b6efbb9c27fff8668f';

const STATES = ['generating', 'in doubt', 'downloading'] as const;

let earlier: EarlierBuild;
let rig: Rig;
let workers: WorkerProcess[];
let isDone: boolean;
/** How often each video was asked for. */
let downloads: Map<string, number>;

beforeAll(async () => {
  earlier = await buildEarlier(EARLIER);
});
afterAll(async () => {
  await earlier.remove();
});

beforeEach(async () => {
  isDone = false;
  downloads = new Map();
  workers = [];
  rig = await startRig({
    worker: false,
    script: {
      submit: ({ json, request }) => {
        if (json['prompt'] !== 'in doubt') return accepted(String(json['prompt']));
        request.socket.destroy();
        return null;
      },
      poll: ({ jobId }) => (jobId === 'generating' && !isDone ? job(jobId, 'in_progress') : completed(jobId)),
      content: ({ jobId, response }) => {
        const n = (downloads.get(jobId) ?? 0) + 1;
        downloads.set(jobId, n);
        if (jobId !== 'downloading' || n > 1) return video();
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, CLIP.length / 2));
        return null;
      },
    },
  });
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await rig.stop();
});

async function startWorker(main: string | null): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(rig.environment, main === null ? {} : { main });
  workers.push(worker);
  return worker;
}

async function start(prompt: string): Promise<LongtakeHandle> {
  const request = { model: 'test/model', prompt, duration: 4 };
  const polling = { initialInterval: '500ms', maximumInterval: '1s', maximumAttempts: 1_000 };
  return await rig.start({ request, polling, output: `${prompt}.mp4` }, `${prompt} ${rig.taskQueue}`);
}

async function startAll(): Promise<LongtakeHandle[]> {
  const [generating, inDoubt, downloading] = await Promise.all(STATES.map(start));
  if (generating === undefined || inDoubt === undefined || downloading === undefined) throw new Error('not started');
  await until(generating, ({ state, polls }) => state === 'generating' && polls > 0);
  await until(inDoubt, ({ state }) => state === 'awaiting_decision');
  await until(downloading, ({ transfer }) => transfer !== null && transfer.bytes > 0);
  return [generating, inDoubt, downloading];
}

async function expectWhole({ assets }: GenerateVideoResult): Promise<void> {
  const saved = await readFile(fileURLToPath(assets[0]?.uri ?? ''));
  expect(saved.equals(CLIP)).toBe(true);
  expect(assets[0]?.sha256).toBe(createHash('sha256').update(CLIP).digest('hex'));
}

/**
 * A run that this build began waits where only the earlier one works, since it begins with a marker that the earlier one does not
 * know (docs/decisions/0018-changes-at-the-start.md): it goes on, and pays nothing again, once this one works again.
 */
describe.each([
  ['the earlier build', 'this one', () => ({ before: earlier.main, after: null, again: false })],
  ['this build', 'the earlier one, and back', () => ({ before: null, after: earlier.main, again: true })],
] as const)('runs that %s began, in a rolling upgrade to %s', (_before, _after, mains) => {
  it('are finished whatever state they are in, each after one submit, while both run and after one is gone', async () => {
    const { before, after, again } = mains();
    const old = await startWorker(before);
    const handles = await startAll();
    const next = await startWorker(after);
    // While both run, either may take it.
    await expectWhole(await (await start('fresh')).result());
    // Its grace is over before the download that hangs: the other build begins that anew.
    expect(await old.terminate()).toBe(0);
    isDone = true;
    if (again) {
      await startWorker(before);
      expect(await next.terminate()).toBe(0);
    }
    const adopt = () => handles[1]?.resolveSubmission({ action: 'adopt', jobId: 'found' });
    await expect.poll(adopt, { timeout: 60_000 }).toMatchObject({ jobId: 'found' });
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results.map(({ jobId }) => jobId)).toEqual(['generating', 'found', 'downloading']);
    for (const result of results) await expectWhole(result);
    const prompts = rig.provider.submits.map((body) => (JSON.parse(body) as { prompt: string }).prompt);
    expect(prompts.sort()).toEqual([...STATES, 'fresh'].sort());
    expect(downloads.get('downloading')).toBe(2);
  });
});
