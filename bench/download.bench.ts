import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { completed } from '../test/support/provider.js';
import { startRig, type Rig } from '../test/support/rig.js';
import { startS3Server, type S3Server } from '../test/support/s3-server.js';
import { newBucket, newDirectory, type StoragePlace } from '../test/support/storage-place.js';
import { startWorkerProcess, type WorkerProcess } from '../test/support/worker-process.js';
import { bigVideoBytes, sendBigVideo } from './big-video.js';
import { cpuSeconds, cpuSecondsOf } from './cpu.js';
import { figure, residentMiB, watchMemory } from './figures.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** How many, how large, and how much the worker may grow. */
const ROWS = [
  ['64 KiB', 1, 64 * KIB, 64],
  ['8 MiB', 1, 8 * MIB, 64],
  ['1 GiB', 1, GIB, 64],
  ['50 × 64 MiB at once', 50, 64 * MIB, 96],
] as const;

let s3: S3Server;

beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(async () => {
  await s3.stop();
});

describe.each<[string, () => Promise<StoragePlace>]>([
  ['disk', newDirectory],
  ['S3', () => newBucket(s3)],
])('to %s', (name, newPlace) => {
  let place: StoragePlace;
  let rig: Rig;
  let worker: WorkerProcess;
  let runs = 0;

  beforeAll(async () => {
    place = await newPlace();
    rig = await startRig({
      worker: false,
      environment: { ...place.environment, LONGTAKE_MAX_CONCURRENT_DOWNLOADS: '50' },
      script: {
        poll: ({ jobId }) => completed(jobId),
        content: async ({ jobId, response }) => {
          await sendBigVideo(response, paddingOf(jobId));
          return null;
        },
      },
    });
    worker = await startWorkerProcess(rig.environment);
    // Whatever is loaded at the first downloads is not the downloads' own.
    for (let round = 0; round < 20; round++) await save(1, 64 * KIB);
  });
  afterAll(async () => {
    await worker.terminate();
    await rig.stop();
    await place.close();
  });

  async function save(count: number, bytes: number): Promise<void> {
    const handles = Array.from({ length: count }, () => rig.start({ jobId: `${bytes} ${(runs += 1)}` }));
    for (const handle of await Promise.all(handles)) {
      const { assets } = await handle.result();
      if (assets[0]?.bytes !== bytes) throw new Error('the file is not whole');
    }
  }

  it.each(ROWS)('%s', async (size, count, bytes, aimMiB) => {
    const idle = residentMiB(worker.pid);
    const memory = watchMemory(worker.pid);
    const before = cpuSeconds(worker.pid);
    const startedAt = performance.now();
    await save(count, bytes);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = cpuSeconds(worker.pid) - before;
    const growth = memory.stop() - idle;
    figure(`${size} to ${name}: largest growth over idle`, growth, 'MiB', `aim: at most ${aimMiB}`);
    figure(`${size} to ${name}: CPU, Temporal included`, cpu, 's');
    figure(`${size} to ${name}: CPU for each GiB`, (cpu * GIB) / (count * bytes), 's');
    figure(`${size} to ${name}: time, hash, check and fsync included`, seconds, 's');
    if (name === 'disk' && bytes === GIB) await compare(rig, bytes, cpu);
  });
});

function paddingOf(jobId: string): number {
  return Number(jobId.split(' ')[0]) - bigVideoBytes(0);
}

/** The same bytes from the same server with tools that do less. */
async function compare({ provider }: Rig, bytes: number, cpu: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'longtake-bench-'));
  const curl = `curl -sf '${provider.baseUrl}/videos/${bytes}%201/content'`;
  const tee = `tee '${path.join(folder, 'video')}'`;
  for (const pipe of ['sha256sum', 'openssl dgst -sha256', `${tee} | sha256sum`, `${tee} | openssl dgst -sha256`]) {
    const other = await cpuSecondsOf(`${curl} | ${pipe}`);
    const shown = pipe.replace(tee, 'tee FILE');
    figure(`1 GiB with curl | ${shown}: CPU`, other, 's');
    figure(`  longtake's CPU over that`, cpu / other, 'times', 'aim: at most 1.3');
  }
  await rm(folder, { recursive: true });
}
