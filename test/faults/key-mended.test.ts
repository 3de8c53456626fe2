import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/client/index.js';
import { CLIP, completed, job, refusal, video, type Call, type Reply } from '../support/provider.js';
import { API_KEY, startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** The worker's key is withdrawn while a paid job waits. The worker is started again with a new one, and nothing is lost. */

const NEW_KEY = 'sk-or-test-fedcba9876543210';

let rig: Rig;
let worker: WorkerProcess;
/** Whether the first key is still good. */
let isWithdrawn: boolean;

beforeEach(async () => {
  isWithdrawn = false;
  rig = await startRig({ worker: false });
  worker = await startWorkerProcess(rig.environment);
});
afterEach(async () => {
  await worker.kill();
  await rig.stop();
});

/** The answer for those whose key is good. */
function forGoodKeys({ request }: Call, httpStatus: number, reply: Reply): Reply {
  const isGood = request.headers.authorization === `Bearer ${NEW_KEY}` || !isWithdrawn;
  return isGood ? reply : refusal(httpStatus, 'this key may not');
}

async function restartWithNewKey(): Promise<void> {
  expect(await worker.terminate()).toBe(0);
  worker = await startWorkerProcess({ ...rig.environment, OPENROUTER_API_KEY: NEW_KEY });
}

function expectShown(status: RunStatus, type: string): void {
  expect(status.error).toMatchObject({
    type,
    message: expect.stringContaining('Mend the key and restart the worker') as string,
  });
  expect(JSON.stringify(status)).not.toContain(API_KEY);
}

describe.each([
  [401, 'AuthenticationFailed'],
  [403, 'PermissionDenied'],
])('a key that is refused with %i', (httpStatus, type) => {
  it('at the poll is shown, and once it is mended the same job goes on', async () => {
    let isDone = false;
    rig.provider.script.poll = (call) =>
      forGoodKeys(call, httpStatus, isDone ? completed(call.jobId) : job(call.jobId, 'in_progress'));
    const handle = await rig.start({ output: 'mended.mp4' });
    await until(handle, ({ polls }) => polls > 0);
    isWithdrawn = true;
    const shown = await until(handle, ({ error }) => error !== null);
    expect(shown.state).toBe('generating');
    expectShown(shown, type);

    isDone = true;
    await restartWithNewKey();
    expect(await handle.result()).toMatchObject({ jobId: 'job-1', costUsd: 0.12 });
    expect(await readFile(join(rig.storage, 'mended.mp4'))).toEqual(CLIP);
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('at the content is shown, and once it is mended the video is saved', async () => {
    rig.provider.script = {
      poll: ({ jobId }) => {
        isWithdrawn = true;
        return completed(jobId);
      },
      content: (call) => forGoodKeys(call, httpStatus, video()),
    };
    const handle = await rig.start({ output: 'mended.mp4' });
    const shown = await until(handle, ({ error }) => error !== null);
    expect(shown.state).toBe('downloading');
    expectShown(shown, type);

    await restartWithNewKey();
    expect(await handle.result()).toMatchObject({ jobId: 'job-1', costUsd: 0.12 });
    expect(await readFile(join(rig.storage, 'mended.mp4'))).toEqual(CLIP);
    expect(rig.provider.submits).toHaveLength(1);
  });
});
