import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { box } from '../media/boxes.js';
import { accepted, CLIP, completed, video, type Call, type Reply } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';
import { startS3Proxy, type S3Call, type S3Proxy } from '../support/s3-proxy.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import { newBucket, newDirectory, type StoragePlace } from '../support/storage-place.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/**
 * One worker process is killed with SIGKILL while downloads stand at every moment of theirs; a second one takes over.
 * The wire between the first worker and Temporal goes through a proxy, so that what it has done can be kept from the server.
 */

const SHARES = { 'at 1 %': 0.01, 'at 50 %': 0.5, 'at 99 %': 0.99 } as const;
const REMEMBERED = 'after the rename, which the server was told of before';
const NOT_CONFIRMED = 'before the rename, which waits for the server';
const UPLOADING = 'in the middle of the upload';

/** Longer than one part of an upload. */
const LONG = Buffer.concat([CLIP, box('free', Buffer.alloc(20_000_000))]);

// The server misses a worker after half a minute.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 150_000 });

let server: S3Server;
let s3: S3Proxy;

beforeAll(async () => {
  server = await startS3Server();
  s3 = await startS3Proxy(server.endpoint);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.close();
  await server.stop();
});

describe.each<[string, readonly string[], () => Promise<StoragePlace>]>([
  ['a directory', [...Object.keys(SHARES), REMEMBERED, NOT_CONFIRMED], newDirectory],
  ['S3', [...Object.keys(SHARES), UPLOADING, REMEMBERED, NOT_CONFIRMED], () => newBucket(server, s3.endpoint)],
])('a worker that is killed on the way into %s leaves one whole file and nothing else', (_name, moments, newPlace) => {
  const workers: WorkerProcess[] = [];
  const asked = new Map<string, number>();
  let place: StoragePlace;
  let temporary: string;
  let rig: Rig;
  let proxy: TcpProxy;
  let unfinished: number;

  beforeAll(async () => {
    place = await newPlace();
    temporary = await mkdtemp(path.join(tmpdir(), 'longtake-spool-'));
    const finish = gates([REMEMBERED, NOT_CONFIRMED]);
    rig = await startRig({
      worker: false,
      environment: { ...place.environment, TMPDIR: temporary },
      script: {
        submit: ({ json }) => accepted(String(json['prompt'])),
        poll: ({ jobId }) => completed(jobId),
        content: async (call) => {
          const n = (asked.get(call.jobId) ?? 0) + 1;
          asked.set(call.jobId, n);
          if (n > 1) return video(contentOf(call.jobId));
          await finish[call.jobId]?.opened;
          return firstAnswer(call);
        },
      },
    });
    proxy = await startTcpProxy(rig.environment['TEMPORAL_ADDRESS'] ?? '');
    const first = await startWorkerProcess({ ...rig.environment, TEMPORAL_ADDRESS: proxy.address });
    workers.push(first);
    const own = new Set(proxy.connections);
    s3.fate = (call) => (isPartOfVideo(call) ? 'hang' : 'pass');
    for (const name of moments) await start(name);
    await bringToTheirMoments(first);
    unfinished = (await Promise.all(moments.map((name) => place.everything(name)))).flat().length;
    await first.kill();
    s3.fate = () => 'pass';
    workers.push(await startWorkerProcess(rig.environment));

    async function bringToTheirMoments(worker: WorkerProcess): Promise<void> {
      for (const [name, share] of Object.entries(SHARES)) await eventually(() => arrived(name), bytesOf(share));
      if (moments.includes(UPLOADING)) {
        await eventually(() => s3.calls.some(isPartOfVideo), true);
      }
      await eventually(() => asked.size, moments.length);
      // The worker's own connections: its answers do not get through; what it wants remembered does.
      for (const wire of own) wire.hold('toServer');
      finish[REMEMBERED]?.open();
      await eventually(() => isSaved(REMEMBERED), true);
      for (const wire of proxy.connections) wire.hold('toServer');
      finish[NOT_CONFIRMED]?.open();
      await worker.says(/the server did not confirm a heartbeat/);
      expect(await isSaved(NOT_CONFIRMED)).toBe(false);
    }
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await proxy.close();
    await rig.stop();
    await place.close();
    await rm(temporary, { recursive: true });
  });

  async function start(name: string): Promise<void> {
    const request = { model: 'test/model', prompt: name, duration: 4 };
    await rig.start({ request, output: `${name}/x.mp4` }, idOf(name));
  }

  const idOf = (name: string) => `${name} ${rig.taskQueue}`;
  const arrived = async (name: string) => (await rig.client.handle(idOf(name)).status()).transfer?.bytes;
  const isSaved = async (name: string) => (await place.everything(name)).includes('x.mp4');

  it('had something unfinished to leave', () => {
    expect(unfinished).toBeGreaterThanOrEqual(moments.length);
  });

  it.each(moments)('%s', async (name) => {
    const { assets } = await rig.client.handle(idOf(name)).result();
    const sha256 = createHash('sha256').update(contentOf(name)).digest('hex');
    expect(assets).toMatchObject([{ key: `${name}/x.mp4`, bytes: contentOf(name).length, sha256 }]);
    expect((await place.read(`${name}/x.mp4`)).equals(contentOf(name))).toBe(true);
    expect(await place.everything(name)).toEqual(['x.mp4']);
    expect(rig.provider.submits.filter((body) => body.includes(name))).toHaveLength(1);
    expect(asked.get(name)).toBe(name === REMEMBERED ? 1 : 2);
  });

  it('has nothing left in the temporary directory', async () => {
    expect(await readdir(temporary)).toEqual([]);
  });
});

/** And not of the check before the submit, whose object is a claim. */
function isPartOfVideo({ kind, path: object }: S3Call): boolean {
  return kind === 'PUT part' && object.endsWith(`${UPLOADING}/x.mp4`);
}

function contentOf(name: string): Buffer {
  return name === UPLOADING ? LONG : CLIP;
}

function bytesOf(share: number): number {
  return Math.ceil(CLIP.length * share);
}

/** Up to the moment of the run, and no further. */
function firstAnswer({ jobId, response }: Call): Reply | null {
  const share = Object.entries(SHARES).find(([name]) => name === jobId)?.[1];
  if (share === undefined) return video(contentOf(jobId));
  response.writeHead(200, { 'content-length': String(CLIP.length) });
  response.write(CLIP.subarray(0, bytesOf(share)));
  return null;
}

async function eventually<T>(look: () => T | Promise<T>, expected: T): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await look()).toBe(expected);
    },
    { timeout: 60_000, interval: 100 },
  );
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gates(names: readonly string[]): Readonly<Record<string, Gate>> {
  return Object.fromEntries(
    names.map((name) => {
      let open: () => void = () => undefined;
      const opened = new Promise<void>((resolve) => (open = resolve));
      return [name, { opened, open }];
    }),
  );
}
