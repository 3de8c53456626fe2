import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { box } from '../media/boxes.js';
import { CLIP, video } from '../support/provider.js';
import { startRig } from '../support/rig.js';
import { latePart, startS3Proxy, type S3Call, type S3Proxy } from '../support/s3-proxy.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';

/** A storage that never answers must not keep a run, a slot or a worker that is to end. */

let s3: S3Server;

beforeAll(async () => {
  s3 = await startS3Server();
  for (const [name, value] of Object.entries(s3.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.stop();
});

const ISOLATED = { timeout: 120_000 }; // an upload whose end reaches nobody takes six minutes
const LONG = Buffer.concat([CLIP, box('free', Buffer.alloc(20_000_000, 7))]);

/** And not for its claim. */
const isVideo = ({ path }: S3Call): boolean => path.endsWith('/x.mp4');

/** A run with a bucket of its own, behind a proxy. */
async function startRun(content: Buffer, before?: (bucket: string, proxy: S3Proxy) => Promise<void> | void) {
  const bucket = await s3.newBucket();
  const proxy = await startS3Proxy(s3.endpoint);
  const rig = await startRig({
    script: { content: () => video(content) },
    environment: { ...s3.environment, LONGTAKE_STORAGE: `s3://${bucket}`, LONGTAKE_S3_ENDPOINT: proxy.endpoint },
  });
  onTestFinished(async () => {
    await rig.stop();
    await proxy.close();
  });
  await before?.(bucket, proxy);
  const handle = await rig.start({ output: 'x.mp4', overwrite: true });
  return { bucket, proxy, rig, handle };
}

/** A run whose video is on its way into a storage that lets one kind of request hang. */
async function withUploadHanging(kind: string, content: Buffer) {
  const isHanging = (call: S3Call): boolean => call.kind === kind && isVideo(call);
  const run = await startRun(content, (_bucket, proxy) => {
    proxy.fate = (call) => (isHanging(call) ? 'hang' : 'pass');
  });
  await expect.poll(() => run.proxy.calls.some(isHanging), { timeout: 60_000 }).toBe(true);
  return run;
}

const THEIRS = 'what somebody else has put there';

const UPLOADS: [what: string, kind: string, content: Buffer][] = [
  ['in one part', 'PUT part', CLIP],
  ['in several parts', 'PUT part', LONG],
];

it.each(UPLOADS)('a cancel ends an upload %s, and leaves nothing', ISOLATED, async (_what, kind, content) => {
  const { bucket, handle } = await withUploadHanging(kind, content);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled', jobId: 'job-1' });
  expect(await s3.everything(bucket)).toEqual([]);
});

it.each([
  ['beginning', 0],
  ['part', 1],
  ['end', 2],
])(
  'a cancel keeps what was to be replaced, also where the %s of the upload reaches the storage after the run’s end',
  ISOLATED,
  async (_what, at) => {
    const late = latePart();
    let requests = 0;
    const { bucket, handle } = await startRun(CLIP, async (Bucket, proxy) => {
      await s3.client.send(new PutObjectCommand({ Bucket, Key: 'x.mp4', Body: THEIRS }));
      proxy.fate = (call) => (isVideo(call) && requests++ === at ? late.fate : 'pass');
    });
    await late.received;
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled', jobId: 'job-1' });
    expect(await s3.everything(bucket)).toEqual(['x.mp4']);
    await late.send();
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key: 'x.mp4' }));
    expect(await Body?.transformToString()).toBe(THEIRS);
  },
);

it.each(UPLOADS)(
  'the end of its worker ends an upload %s, and the next one saves the video',
  ISOLATED,
  async (_what, kind, content) => {
    const { bucket, proxy, rig, handle } = await withUploadHanging(kind, content);
    await rig.worker?.stop();
    expect(await s3.everything(bucket)).toEqual([]);
    proxy.fate = () => 'pass';
    await rig.startWorker();
    expect((await handle.result()).assets).toMatchObject([{ key: 'x.mp4', bytes: content.length }]);
    expect(await s3.everything(bucket)).toEqual(['x.mp4']);
  },
);
