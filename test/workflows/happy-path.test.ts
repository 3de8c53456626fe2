import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accepted, CLIP, completed, job, video } from '../support/provider.js';
import { API_KEY, startRig, until, type Rig } from '../support/rig.js';

describe('one request in, one whole MP4 saved', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig();
  });
  beforeEach(() => {
    rig.provider.submits.length = 0;
    rig.provider.polls.length = 0;
    rig.provider.script = {};
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('submits once, polls, and saves the file that the result describes', async () => {
    const handle = await rig.start({ output: 'a/greenhouse.mp4' });
    const result = await handle.result();
    expect(rig.provider.submits).toHaveLength(1);
    const sha256 = createHash('sha256').update(CLIP).digest('hex');
    expect(result).toMatchObject({ model: 'test/model', costUsd: 0.12, estimatedCostUsd: 0.12, polls: 2 });
    expect(result.assets).toHaveLength(1);
    expect(result.assets[0]).toMatchObject({
      key: 'a/greenhouse.mp4',
      bytes: CLIP.length,
      sha256,
      contentType: 'video/mp4',
    });
    expect(await readFile(fileURLToPath(result.assets[0]?.uri ?? ''))).toEqual(CLIP);
    expect(await readdir(join(rig.storage, 'a'))).toEqual(['greenhouse.mp4']);
    expect([...rig.provider.keys]).toEqual([`Bearer ${API_KEY}`]);
  });

  it('sends the request exactly as given, plus generate_audio', async () => {
    const request = { model: 'test/model', prompt: 'fog – 霧 🌫', duration: 4, 'x-new': { deep: [1, null] } };
    await (await rig.start({ request })).result();
    expect(JSON.parse(rig.provider.submits[0] ?? '')).toEqual({ ...request, generate_audio: false });
  });

  it('keeps the generate_audio that the caller gave', async () => {
    await (await rig.start({ request: { model: 'test/model', prompt: 'x', generate_audio: true } })).result();
    expect(JSON.parse(rig.provider.submits[0] ?? '')).toMatchObject({ generate_audio: true });
  });

  it('takes a 200 for a 202', async () => {
    rig.provider.script = { submit: () => accepted('job-200', 200) };
    expect((await (await rig.start()).result()).jobId).toBe('job-200');
  });

  it('asks for a job by its id, whatever polling_url says', async () => {
    rig.provider.script = {
      submit: () => ({
        status: 202,
        body: { id: 'abc', polling_url: 'https://elsewhere.example/steal', status: 'pending' },
      }),
    };
    await (await rig.start()).result();
    expect(rig.provider.polls).toEqual(['abc', 'abc']);
  });

  it('escapes ids that need it', async () => {
    const jobId = 'a/b?c#d%20 é..';
    rig.provider.script = { submit: () => accepted(jobId) };
    expect((await (await rig.start()).result()).jobId).toBe(jobId);
    expect(rig.provider.polls).toEqual([jobId, jobId]);
  });

  it('follows a job whose id is longer than a search attribute, and can be listed all the same', async () => {
    const jobId = 'long'.repeat(100);
    rig.provider.script = { submit: () => accepted(jobId) };
    const handle = await rig.start();
    expect((await handle.result()).jobId).toBe(jobId);
    const { typedSearchAttributes } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
    expect(typedSearchAttributes.get({ name: 'LongtakeState', type: 'KEYWORD' })).toBe('succeeded');
    expect(typedSearchAttributes.get({ name: 'LongtakeJobId', type: 'KEYWORD' })).toBeUndefined();
  });

  it('saves every output of a job under its own name', async () => {
    const other = Buffer.concat([CLIP]);
    rig.provider.script = {
      poll: ({ jobId }) => completed(jobId, 0.24, 2),
      content: ({ index }) => video(index === 0 ? CLIP : other),
    };
    const result = await (await rig.start({ output: 'two.mp4' })).result();
    expect(result.assets.map((asset) => asset.key)).toEqual(['two.mp4', 'two-1.mp4']);
  });

  it.each(['upscaling_soon', 'constructor', '__proto__', 'toString'])(
    'keeps waiting on a status that nobody knows yet: %s',
    async (status) => {
      rig.provider.script = { poll: ({ n, jobId }) => (n < 4 ? job(jobId, status) : completed(jobId)) };
      expect((await (await rig.start()).result()).polls).toBe(4);
    },
  );

  it('takes a malformed status in an event for a hint, as any other', async () => {
    rig.provider.script = { poll: ({ n, jobId }) => (n < 2 ? job(jobId, 'in_progress') : completed(jobId)) };
    const slow = { initialInterval: '1h', maximumInterval: '1h', timeout: '3h' };
    const handle = await rig.start({ polling: slow });
    const { jobId } = await until(handle, ({ state }) => state === 'generating');
    const run = rig.temporal.workflow.getHandle(handle.workflowId);
    await run.signal('providerEvent', { jobId, status: { toString: 1, valueOf: 1 } });
    await until(handle, ({ polls }) => polls === 1);
    await run.signal('providerEvent', { jobId, status: 'completed' });
    expect((await handle.result()).polls).toBe(2);
  });

  it('reports an unknown cost as null, never as 0', async () => {
    rig.provider.script = { poll: ({ jobId }) => completed(jobId, null) };
    expect((await (await rig.start()).result()).costUsd).toBeNull();
  });

  it('starts nothing for an id that was used before, running or closed', async () => {
    const first = await rig.start({}, `twice-${rig.taskQueue}`);
    const second = await rig.start({}, `twice-${rig.taskQueue}`);
    const result = await first.result();
    const third = await rig.start({}, `twice-${rig.taskQueue}`);
    expect(await second.result()).toEqual(result);
    expect(await third.result()).toEqual(result);
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('saves a job that exists without submitting anything', async () => {
    const result = await (await rig.start({ jobId: 'made-elsewhere' })).result();
    expect(result).toMatchObject({ jobId: 'made-elsewhere', model: null, submittedAt: null });
    expect(rig.provider.submits).toHaveLength(0);
  });

  it('answers status and result of a closed run when no worker is there', async () => {
    const handle = await rig.start();
    const result = await handle.result();
    await rig.worker?.stop();
    expect(await handle.status()).toMatchObject({ state: 'succeeded', jobId: result.jobId, assets: result.assets });
    expect(await handle.result()).toEqual(result);
  });
});
