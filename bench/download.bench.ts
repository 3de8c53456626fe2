import { afterAll, beforeAll, it } from 'vitest';
import { completed } from '../test/support/provider.js';
import { startRig, type Rig } from '../test/support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../test/support/worker-process.js';
import { bigVideoBytes, sendBigVideo } from './big-video.js';
import { figure, residentMiB, watchMemory } from './figures.js';

const GIB = 1024 ** 3;

let rig: Rig;
let worker: WorkerProcess;

beforeAll(async () => {
  rig = await startRig({ worker: false });
  worker = await startWorkerProcess(rig.environment);
});
afterAll(async () => {
  await worker.terminate();
  await rig.stop();
});

async function save(bytes: number): Promise<void> {
  rig.provider.script = {
    poll: ({ jobId }) => completed(jobId),
    content: async ({ response }) => {
      await sendBigVideo(response, bytes);
      return null;
    },
  };
  const result = await (await rig.start({ jobId: `big-${bytes}` })).result();
  if (result.assets[0]?.bytes !== bigVideoBytes(bytes)) throw new Error('the file is not whole');
}

it('one gibibyte through one worker', async () => {
  await save(1024); // whatever is loaded at the first download is not the download's own
  const idle = residentMiB(worker.pid);
  const memory = watchMemory(worker.pid);
  const startedAt = performance.now();
  await save(GIB);
  const seconds = (performance.now() - startedAt) / 1000;
  const largest = memory.stop();
  figure('idle worker, resident', idle, 'MiB');
  figure('1 GiB download: largest growth over idle', largest - idle, 'MiB', 'aim: at most 64');
  figure('1 GiB download: time, hash, check and fsync included', seconds, 's');
});
