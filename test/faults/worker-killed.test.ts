import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GenerateVideoResult } from '../../src/client/index.js';
import { CLIP, completed, job, video } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

let rig: Rig;
let worker: WorkerProcess;

beforeEach(async () => {
  rig = await startRig({ worker: false });
  worker = await startWorkerProcess(rig.environment);
});
afterEach(async () => {
  await worker.kill();
  await rig.stop();
});

async function replaceWorker(): Promise<void> {
  await worker.kill();
  worker = await startWorkerProcess(rig.environment);
}

async function expectOneWholeFile(result: GenerateVideoResult): Promise<void> {
  expect(await readdir(rig.storage)).toEqual([result.assets[0]?.key]);
  const saved = await readFile(fileURLToPath(result.assets[0]?.uri ?? ''));
  expect(createHash('sha256').update(saved).digest('hex')).toBe(result.assets[0]?.sha256);
  expect(saved).toEqual(CLIP);
}

describe('a worker killed with SIGKILL', () => {
  it('before the submit: the next one submits, once', async () => {
    let asked = 0;
    rig.provider.script.models = () => {
      asked += 1;
      return asked === 1 ? null : { body: { data: [] } };
    };
    const handle = await rig.start();
    await expect.poll(() => asked).toBe(1);
    await replaceWorker();
    rig.provider.script.models = () => ({ status: 500 });
    await expectOneWholeFile(await handle.result());
    expect(rig.provider.submits).toHaveLength(1);
  }, 240_000);

  it('after the request left, before the answer: a person is asked within a minute, and nothing is sent again', async () => {
    rig.provider.script.submit = () => null;
    const handle = await rig.start();
    await expect.poll(() => rig.provider.submits.length).toBe(1);
    await replaceWorker();
    const killedAt = performance.now();
    await until(handle, ({ state }) => state === 'awaiting_decision');
    expect(performance.now() - killedAt).toBeLessThan(60_000);
    await handle.resolveSubmission({ action: 'adopt', jobId: 'it-was-there' });
    await expectOneWholeFile(await handle.result());
    expect(rig.provider.submits).toHaveLength(1);
  }, 240_000);

  it('between polls: the next one goes on with the same job and the same count', async () => {
    let done = false;
    rig.provider.script.poll = ({ jobId }) => (done ? completed(jobId) : job(jobId, 'in_progress'));
    const handle = await rig.start({ polling: { initialInterval: '1s', maximumInterval: '1s' } });
    await until(handle, ({ polls }) => polls >= 2);
    await worker.kill();
    done = true;
    worker = await startWorkerProcess(rig.environment);
    const result = await handle.result();
    await expectOneWholeFile(result);
    expect(result.polls).toBeGreaterThanOrEqual(3);
    expect(rig.provider.submits).toHaveLength(1);
    expect(new Set(rig.provider.polls).size).toBe(1);
  }, 240_000);

  it('in the middle of a download: another takes over within a minute and leaves one whole file', async () => {
    rig.provider.script = {
      poll: ({ jobId }) => completed(jobId),
      content: ({ n, response }) => {
        if (n > 1) return video();
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, CLIP.length / 2));
        return null;
      },
    };
    const handle = await rig.start();
    await until(handle, ({ transfer }) => transfer !== null && transfer.bytes > 0);
    expect((await readdir(rig.storage)).some((name) => name.endsWith('.part'))).toBe(true);
    await replaceWorker();
    const killedAt = performance.now();
    await expectOneWholeFile(await handle.result());
    expect(performance.now() - killedAt).toBeLessThan(60_000);
    expect(rig.provider.submits).toHaveLength(1);
  }, 240_000);
});
