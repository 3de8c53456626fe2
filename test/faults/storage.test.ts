import { mkdir, mkdtemp, readdir, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LongtakeError, type GenerateVideoInput } from '../../src/client/index.js';
import { siblingKey } from '../../src/contract/output-key.js';
import { CLIP, video } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';
import { startS3Proxy, type S3Call, type S3Proxy } from '../support/s3-proxy.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import { newBucket, type StoragePlace } from '../support/storage-place.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';
import { compileBrokenDisk } from '../storage/broken-disk.js';
import { mountSmallDisk, type SmallDisk } from '../storage/small-disk.js';

/** Storages in trouble, seen by whole runs: what the storage's own tests show in detail must reach the user as an end. */

const SHORT = { timeouts: { download: '3s' } };
const OUTPUT = { output: 'folder/x.mp4' };

let rig: Rig;

async function failureOf(input: Partial<GenerateVideoInput>): Promise<LongtakeError> {
  const error: unknown = await (await rig.start(input)).result().catch((reason: unknown) => reason);
  if (!(error instanceof LongtakeError)) throw new Error(`no failure: ${JSON.stringify(error)}`);
  return error;
}

async function expectRefusedBeforeSubmit(input: Partial<GenerateVideoInput>, type: string, message: RegExp) {
  const error = await failureOf(input);
  expect(error.message).toMatch(message);
  expect(error.type).toBe(type);
  expect(rig.provider.submits).toEqual([]);
}

async function expectFailed(message: RegExp): Promise<void> {
  const error = await failureOf({ ...OUTPUT, ...SHORT });
  expect(error.message).toMatch(message);
  expect(error.message).toMatch(/longtake adopt --output folder\/x\.mp4 job-1$/);
  expect(error).toMatchObject({ type: 'StorageFailed', jobId: 'job-1' });
  expect(rig.provider.submits).toHaveLength(1);
}

async function expectSaved(): Promise<void> {
  const { assets } = await (await rig.start(OUTPUT)).result();
  expect(assets).toMatchObject([{ key: OUTPUT.output, bytes: CLIP.length }]);
  expect(rig.provider.submits).toHaveLength(1);
}

const probeDisk = await mountSmallDisk();
await probeDisk?.remove();

describe.skipIf(probeDisk === null)('a disk of one megabyte (needs the right to mount)', () => {
  let disk: SmallDisk;
  let ballast: string;

  beforeEach(async () => {
    const mounted = await mountSmallDisk();
    if (mounted === null) throw new Error('the disk could be mounted a moment ago');
    disk = mounted;
    ballast = path.join(disk.directory, 'ballast');
    rig = await startRig({ environment: { LONGTAKE_STORAGE: disk.directory } });
  });
  afterEach(async () => {
    await rig.stop();
    await disk.remove();
  });

  async function fill(): Promise<void> {
    await writeFile(ballast, Buffer.alloc(2_000_000)).catch(() => undefined);
  }

  it('that is full is told before the submit', async () => {
    await fill();
    await expectRefusedBeforeSubmit(OUTPUT, 'StorageFailed', /ENOSPC|full/);
  });

  it('that fills up during the download is told when timeouts.download is over, with nothing left of the video', async () => {
    rig.provider.script.content = async () => {
      await fill();
      return video();
    };
    await expectFailed(/full/);
    expect(await readdir(path.join(disk.directory, 'folder')).catch(() => [])).toEqual([]);
  });

  it('that fills up is told also when timeouts.download is over in the middle of another attempt', async () => {
    rig.provider.script.content = async ({ n }) => {
      await fill();
      return n === 1 ? video() : null;
    };
    await expectFailed(/timeouts\.download leaves no time for another attempt\. .*full/);
  });

  it('that fills up and is cleaned takes the video in the end', async () => {
    rig.provider.script.content = async ({ n }) => {
      await (n === 1 ? fill() : unlink(ballast).catch(() => undefined));
      return video();
    };
    await expectSaved();
    expect(rig.provider.contents.length).toBeGreaterThan(1);
    expect(await readdir(path.join(disk.directory, 'folder'))).toEqual(['x.mp4']);
  });

  it('that becomes read-only during the download is told when timeouts.download is over', async () => {
    rig.provider.script.content = async ({ n }) => {
      if (n === 1) await disk.makeReadOnly();
      return video();
    };
    await expectFailed(/read-only/);
    expect(await readdir(disk.directory)).toEqual([]);
  });
});

const broken = await compileBrokenDisk();

describe.skipIf(broken === null)('a disk that cannot keep what it is given (needs Linux and a C compiler)', () => {
  let worker: WorkerProcess;

  beforeEach(async () => {
    await broken?.break();
    rig = await startRig({ worker: false });
  });
  afterEach(async () => {
    await worker.terminate();
    await rig.stop();
  });
  afterAll(async () => {
    await broken?.remove();
  });

  it('is told before the submit', async () => {
    worker = await startWorkerProcess({ ...rig.environment, ...broken?.environment('file') });
    await expectRefusedBeforeSubmit({ output: 'x.mp4' }, 'StorageFailed', /disk.*EIO/);
    expect(await readdir(rig.storage)).toEqual([]);
  });

  it('has a video only once it keeps its name: until then the run says so, and downloads nothing again', async () => {
    worker = await startWorkerProcess({ ...rig.environment, ...broken?.environment('folder') });
    const run = await rig.start({ output: 'x.mp4' });
    const attempt = async (): Promise<number> => {
      const { raw } = await rig.temporal.workflow.getHandle(run.workflowId).describe();
      return raw.pendingActivities?.find(({ lastFailure }) => lastFailure)?.attempt ?? 0;
    };
    await expect.poll(attempt).toBeGreaterThan(2);
    expect((await run.status()).error).toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('EIO') as string,
    });
    await broken?.mend();
    expect((await run.result()).assets).toMatchObject([{ key: 'x.mp4', bytes: CLIP.length }]);
    expect(await readdir(rig.storage)).toEqual(['x.mp4']);
    expect(rig.provider.contents).toHaveLength(1);
  });
});

describe('an output key', () => {
  let outside: string;

  beforeAll(async () => {
    outside = await mkdtemp(path.join(tmpdir(), 'longtake-outside-'));
    rig = await startRig();
    await symlink(outside, path.join(rig.storage, 'out'));
    await mkdir(path.join(rig.storage, 'in'));
    await symlink('../out/..', path.join(rig.storage, 'in', 'up'));
  });
  afterAll(async () => {
    await rig.stop();
    await rm(outside, { recursive: true });
  });

  it.each(['out/x.mp4', 'out/deeper/x.mp4', 'in/up/x.mp4'])(
    'whose folder is a link that leads out is refused before the submit (%s)',
    async (output) => {
      await expectRefusedBeforeSubmit({ output }, 'InvalidRequest', /lead|outside|leaves/);
      expect(await readdir(outside)).toEqual([]);
    },
  );
});

describe('S3', () => {
  let server: S3Server;
  let proxy: S3Proxy;
  let place: StoragePlace;

  beforeAll(async () => {
    server = await startS3Server();
  });
  beforeEach(async () => {
    proxy = await startS3Proxy(server.endpoint);
    place = await newBucket(server, proxy.endpoint);
  });
  afterEach(async () => {
    await rig.stop();
    await proxy.close();
    vi.unstubAllEnvs();
  });
  afterAll(async () => {
    await server.stop();
  });

  async function start(environment: Record<string, string> = {}): Promise<void> {
    rig = await startRig({ environment: { ...place.environment, ...environment } });
  }

  const isVideo = ({ kind, path: object }: S3Call): boolean => kind === 'PUT part' && object.endsWith('/x.mp4');

  it('without the bucket is told before the submit', async () => {
    await start({ LONGTAKE_STORAGE: 's3://nobody-made-it' });
    await expectRefusedBeforeSubmit(OUTPUT, 'StorageFailed', /bucket does not exist/);
  });

  it('with wrong credentials is told before the submit', async () => {
    await start();
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    await expectRefusedBeforeSubmit(OUTPUT, 'StorageFailed', /credentials are refused/);
  });

  it('with a folder under the key is told before the submit, also where it may be overwritten', async () => {
    await start();
    const Bucket = new URL(place.environment['LONGTAKE_STORAGE'] ?? '').hostname;
    await server.client.send(new PutObjectCommand({ Bucket, Key: `${OUTPUT.output}/inside.mp4`, Body: 'other' }));
    const wanted = { ...OUTPUT, overwrite: true };
    await expectRefusedBeforeSubmit(wanted, 'OutputConflict', /x\.mp4 is a folder; choose another output key/);
  });

  it('that asks for less haste gets the video all the same', async () => {
    await start();
    let refused = 0;
    proxy.fate = (call) => (isVideo(call) && refused++ < 2 ? 'slow-down' : 'pass');
    await expectSaved();
    expect(refused).toBeGreaterThan(2);
    expect(await place.everything('folder')).toEqual(['x.mp4']);
  });

  it('that is off for a while gets the video when it is back, says so meanwhile, and nothing is downloaded again', async () => {
    await start();
    let isOff = true;
    proxy.fate = (call) => (isVideo(call) && isOff ? 'fail' : 'pass');
    const run = await rig.start(OUTPUT);
    const error = { type: 'StorageFailed', message: expect.stringContaining('InternalError') as string };
    await expect.poll(async () => (await run.status()).error, { timeout: 60_000 }).toMatchObject(error);
    isOff = false;
    expect((await run.result()).assets).toMatchObject([{ key: OUTPUT.output, bytes: CLIP.length }]);
    expect(rig.provider.contents).toHaveLength(1);
    expect(await place.everything('folder')).toEqual(['x.mp4']);
  });

  it('that loses the answer to the upload has the video once', async () => {
    await start();
    let lost = 0;
    proxy.fate = ({ kind, path: object }) =>
      kind === 'POST upload' && object.endsWith('/x.mp4') && lost++ === 0 ? 'lose-answer' : 'pass';
    await expectSaved();
    expect(await place.everything('folder')).toEqual(['x.mp4']);
  });

  it('that does not let other content under the key be read takes the video beside it, also where saving it failed once', async () => {
    await start();
    const Bucket = new URL(place.environment['LONGTAKE_STORAGE'] ?? '').hostname;
    const beside = siblingKey(OUTPUT.output, 'job-1');
    rig.provider.script.content = async () => {
      await server.client.send(new PutObjectCommand({ Bucket, Key: OUTPUT.output, Body: 'other' }));
      return video();
    };
    let refused = 0;
    proxy.fate = ({ kind, path: object }) => {
      const isRefused = kind === 'PUT part' ? object.endsWith(beside) && refused++ === 0 : object.endsWith('/x.mp4');
      return isRefused ? 'deny' : 'pass';
    };
    const { assets } = await (await rig.start(OUTPUT)).result();
    expect(assets).toMatchObject([{ key: beside, bytes: CLIP.length }]);
    expect(rig.provider.contents).toHaveLength(2);
  });

  it('that takes no video is told when timeouts.download is over, with nothing left', async () => {
    await start();
    proxy.fate = (call) => (isVideo(call) ? 'fail' : 'pass');
    await expectFailed(/InternalError/);
    expect(await place.everything('folder')).toEqual([]);
  });
});
