import { randomBytes } from 'node:crypto';
import { CreateMultipartUploadCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../src/contract/limits.js';
import { deferred } from '../../src/local/deferred.js';
import { openVideoStore } from '../../src/storage/open-store.js';
import type { VideoStore } from '../../src/storage/port.js';
import { begin, contentOf, OWNER, save } from '../conformance/video-store.suite.js';
import { latePart, startS3Proxy, type Fate, type S3Call, type S3Proxy } from '../support/s3-proxy.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';

const VIDEO = randomBytes(50_000);
const KEY = 'greenhouse.mp4';
const OF_THE_USER = 'what the user saved after the cancel';

let server: S3Server;
let client: S3Client;
/** The way of the attempt. */
let proxy: S3Proxy;
/** The way of the sweep. */
let sweeping: S3Proxy;
let bucket: string;

beforeAll(async () => {
  server = await startS3Server();
  client = server.client;
});

beforeEach(async () => {
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  bucket = await server.newBucket();
  proxy = await startS3Proxy(server.endpoint);
  sweeping = await startS3Proxy(server.endpoint);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await Promise.all([proxy.close(), sweeping.close()]);
});

afterAll(async () => {
  await server.stop();
});

function storeAt({ endpoint }: { readonly endpoint: string }): VideoStore {
  return openVideoStore(`s3://${bucket}`, { endpoint, forcePathStyle: true });
}

async function put(key: string, text: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: text }));
}

async function textAt(key: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return await Body?.transformToString();
}

/** S3 counts in seconds. */
async function nextSecond(): Promise<void> {
  const began = Date.now();
  await vi.waitUntil(() => Math.floor(Date.now() / 1_000) > Math.floor(began / 1_000), { timeout: 10_000 });
}

/** An attempt that hangs in the first request of this kind, as if its worker had died there. */
async function deadAt(kind: string, condition: S3Call['condition'] = null): Promise<void> {
  const dead = deferred<null>();
  proxy.fate = (call) => {
    if (call.kind !== kind || call.condition !== condition) return 'pass';
    dead.resolve(null);
    return 'hang';
  };
  const write = await begin(storeAt(proxy), KEY, VIDEO);
  write.publish(contentOf(VIDEO)).catch(() => undefined);
  await dead.promise;
}

describe('a sweep under whose hands a late attempt writes its upload down', () => {
  /** The attempt begins when it may go, and its end, which is to replace what is there, waits. */
  async function lateAttempt() {
    await put(KEY, 'other');
    const [goes, end] = [deferred<null>(), latePart()];
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind === 'POST uploads') await goes.promise;
      return kind === 'POST upload' ? end.fate : 'pass';
    };
    const write = await begin(storeAt(proxy), KEY, VIDEO, { overwrite: true });
    const published = expect(write.publish(contentOf(VIDEO))).rejects.toMatchObject({ type: 'StorageFailed' });
    await expect.poll(() => proxy.calls.some(({ kind }) => kind === 'POST uploads')).toBe(true);
    const writesDown = async (): Promise<void> => {
      goes.resolve(null);
      await end.received;
    };
    const ends = async (): Promise<void> => {
      await put(KEY, OF_THE_USER);
      await end.send();
      await published;
      expect(await textAt(KEY)).toBe(OF_THE_USER);
    };
    return { writesDown, ends };
  }

  /** Before the sweep's first write, whatever it is. */
  function onFirstWrite(act: () => Promise<void>, fate: (call: S3Call) => Fate): void {
    let acted: Promise<void> | null = null;
    sweeping.fate = async (call): Promise<Fate> => {
      if (call.method !== 'GET') await (acted ??= act());
      return fate(call);
    };
  }

  it.each(['pass', 'deny', 'not-implemented'] as const)(
    'ends it also where it may list no uploads (%s)',
    async (listing) => {
      const late = await lateAttempt();
      onFirstWrite(late.writesDown, ({ kind }) => (kind === 'GET uploads' ? listing : 'pass'));
      await storeAt(sweeping).sweep(KEY, OWNER);
      expect(await server.everything(bucket)).toEqual([KEY]);
      await late.ends();
    },
  );

  it.each(['GET uploads', 'DELETE', 'DELETE upload'])(
    'and that fails at %s, ends it when it is tried again',
    async (kind) => {
      const late = await lateAttempt();
      onFirstWrite(late.writesDown, (call) => (call.kind === kind ? 'slow-down' : 'pass'));
      await storeAt(sweeping)
        .sweep(KEY, OWNER)
        .catch(() => undefined);
      sweeping.fate = () => 'pass';
      await storeAt(sweeping).sweep(KEY, OWNER);
      await late.ends();
      await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual([KEY]);
    },
  );

  it('and that fails after its removal of the claim was done, has ended it', async () => {
    const late = await lateAttempt();
    let removed = false;
    onFirstWrite(late.writesDown, ({ kind }) => {
      if (removed) return 'slow-down';
      removed = kind === 'DELETE';
      return removed ? 'lose-answer' : 'pass';
    });
    await storeAt(sweeping)
      .sweep(KEY, OWNER)
      .catch(() => undefined);
    sweeping.fate = () => 'pass';
    await storeAt(sweeping).sweep(KEY, OWNER);
    await late.ends();
  });
});

describe('a claim that a sweep has closed, and could not remove', () => {
  async function closeOnly(): Promise<void> {
    sweeping.fate = ({ kind }) => (kind === 'DELETE' ? 'deny' : 'pass');
    await expect(storeAt(sweeping).sweep(KEY, OWNER)).rejects.toMatchObject({ type: 'StorageFailed' });
    sweeping.fate = () => 'pass';
  }

  it('gives its writer no right to publish', async () => {
    await put(KEY, 'other');
    const [goes, held] = [deferred<null>(), deferred<null>()];
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind === 'PUT part') {
        held.resolve(null);
        await goes.promise;
      }
      return kind === 'PUT part' ? 'pretend' : 'pass';
    };
    const write = await begin(storeAt(proxy), KEY, VIDEO, { overwrite: true });
    const published = expect(write.publish(contentOf(VIDEO))).rejects.toMatchObject({
      message: expect.stringContaining('was swept while it ran') as string,
    });
    await held.promise;
    await closeOnly();
    proxy.calls.length = 0;
    goes.resolve(null);
    await published;
    expect(proxy.calls.map(({ kind }) => kind)).not.toContain('POST upload');
    expect(await textAt(KEY)).toBe('other');
  });

  it('still leads the next sweep to what was begun since it was made, and to nothing from before', async () => {
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: KEY }));
    await nextSecond();
    await deadAt('PUT', 'if-match');
    await nextSecond();
    sweeping.fate = ({ kind }) => (kind === 'GET uploads' ? 'slow-down' : 'pass');
    await expect(storeAt(sweeping).sweep(KEY, OWNER)).rejects.toMatchObject({ type: 'StorageFailed' });
    sweeping.fate = () => 'pass';
    await storeAt(sweeping).sweep(KEY, OWNER);
    expect(await server.everything(bucket)).toEqual([`upload of ${KEY}`]);
  });
});

const REFUSALS = [
  ['403 without a word', { status: 403 }],
  ['403 in a web page', { status: 403, body: '<html><body>no</body></html>' }],
  ['401', { status: 401 }],
  ['404', { status: 404 }],
  ['405', { status: 405 }],
  ['501', { status: 501 }],
  ['400 InvalidRequest', { status: 400, code: 'InvalidRequest' }],
] as const;

const TROUBLES = [
  ['500', 'fail'],
  ['no HTTP', 'garble'],
  ['nothing', 'hang'],
] as const;

describe('what a dead attempt left', () => {
  it.each(TROUBLES)(
    'keeps no video from being saved where the list of uploads is answered with %s for good, and is found later',
    async (_what, answer) => {
      vi.spyOn(LIMITS as { storageCheckMs: number }, 'storageCheckMs', 'get').mockReturnValue(3_000);
      await deadAt('POST uploads');
      sweeping.fate = ({ kind }) => (kind === 'GET uploads' ? answer : 'pass');
      expect(await save(storeAt(sweeping), KEY, VIDEO)).toMatchObject({ key: KEY, ...contentOf(VIDEO) });
      await expect(storeAt(sweeping).sweep(KEY, OWNER)).rejects.toMatchObject({ type: 'StorageFailed' });
      sweeping.fate = () => 'pass';
      await storeAt(sweeping).sweep(KEY, OWNER);
      expect(await server.everything(bucket)).toEqual([KEY]);
    },
  );

  it.each(REFUSALS)(
    'keeps no video from being saved where the list of uploads is answered with %s',
    async (_what, answer) => {
      await deadAt('POST uploads');
      sweeping.fate = ({ kind }) => (kind === 'GET uploads' ? answer : 'pass');
      expect(await save(storeAt(sweeping), KEY, VIDEO)).toMatchObject({ key: KEY, ...contentOf(VIDEO) });
      expect(await server.everything(bucket)).toEqual([KEY]);
    },
  );

  it.each([...REFUSALS, ['400 InvalidArgument', { status: 400, code: 'InvalidArgument' }]] as const)(
    'keeps no video from being saved where its abort is answered with %s',
    async (_what, answer) => {
      await deadAt('PUT part');
      sweeping.fate = ({ kind }) => (kind === 'DELETE upload' ? answer : 'pass');
      expect(await save(storeAt(sweeping), KEY, VIDEO)).toMatchObject({ key: KEY, ...contentOf(VIDEO) });
    },
  );

  it.each([{ status: 404 }, { status: 404, code: 'NoSuchKey' }])(
    'is gone where its abort says so (%j)',
    async (answer) => {
      await deadAt('PUT part');
      sweeping.fate = ({ kind }) => (kind === 'DELETE upload' ? answer : 'pass');
      await storeAt(sweeping).sweep(KEY, OWNER);
      expect(await server.everything(bucket)).toEqual([`upload of ${KEY}`]);
    },
  );

  it('is told, and in the way, where it may be ended in a moment', async () => {
    await deadAt('PUT part');
    sweeping.fate = ({ kind }) => (kind === 'DELETE upload' ? 'slow-down' : 'pass');
    await expect(storeAt(sweeping).open(KEY, { owner: OWNER, overwrite: false })).rejects.toMatchObject({
      type: 'StorageFailed',
    });
  });

  it('is no upload that is listed with another checksum', async () => {
    await deadAt('PUT', 'if-match');
    const another = { Bucket: bucket, Key: KEY, ChecksumAlgorithm: 'CRC32' } as const;
    await client.send(new CreateMultipartUploadCommand(another));
    await storeAt(sweeping).sweep(KEY, OWNER);
    expect(await server.everything(bucket)).toEqual([`upload of ${KEY}`]);
  });

  it.each([
    { uploadId: '', key: KEY },
    { uploadId: 'x', key: '' },
    { uploadId: 'x', key: '..' },
    { uploadId: 'of another program', key: 'film.mp4' },
  ])('leads to no request for what its damaged claim names (%j)', async ({ uploadId, key }) => {
    await put(KEY, 'other');
    await deadAt('POST uploads');
    const film = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'film.mp4' }));
    const named = { uploadId: key === 'film.mp4' ? film.UploadId : uploadId, key };
    const claim = (await server.everything(bucket)).find((name) => name.startsWith('.longtake-')) ?? '';
    await put(claim, JSON.stringify(named));
    await storeAt(sweeping).sweep(KEY, OWNER);
    expect(sweeping.calls.filter(({ method }) => method === 'DELETE')).toMatchObject([{ path: `/${bucket}/${claim}` }]);
    expect(await server.everything(bucket)).toEqual([KEY, 'upload of film.mp4']);
  });
});

it('reads no object whole that is none of its claims, whatever its name', async () => {
  await deadAt('PUT', 'if-match');
  await nextSecond();
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: '.longtake-film.mp4', Body: 'a film' }));
  const large = Buffer.alloc(20_000_000);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: '.longtake-film.part', Body: large }));
  await storeAt(sweeping).sweep(KEY, OWNER);
  const read = sweeping.calls.filter(({ kind }) => kind === 'GET').map(({ path }) => path);
  expect(read).not.toContain(`/${bucket}/.longtake-film.mp4`);
  expect(read).toContain(`/${bucket}/.longtake-film.part`);
  expect(await server.everything(bucket)).toEqual(['.longtake-film.mp4', '.longtake-film.part']);
});

describe('a beginning that had to be repeated', () => {
  it('is no reason to fail where the list of uploads is in trouble', async () => {
    let begun = 0;
    proxy.fate = ({ kind }) =>
      kind === 'GET uploads' ? 'fail' : kind === 'POST uploads' && ++begun === 1 ? 'lose-answer' : 'pass';
    expect(await save(storeAt(proxy), KEY, VIDEO)).toMatchObject({ key: KEY });
    expect(begun).toBe(2);
  });

  it.each(REFUSALS)('is no reason to fail where the list of uploads is answered with %s', async (_what, answer) => {
    let begun = 0;
    proxy.fate = ({ kind }) =>
      kind === 'GET uploads' ? answer : kind === 'POST uploads' && ++begun === 1 ? 'slow-down' : 'pass';
    expect(await save(storeAt(proxy), KEY, VIDEO)).toMatchObject({ key: KEY });
    expect(begun).toBe(2);
  });

  it('is none where the storage gives an empty id', async () => {
    const body = `<InitiateMultipartUploadResult><Key>${KEY}</Key><UploadId></UploadId></InitiateMultipartUploadResult>`;
    proxy.fate = ({ kind }) => (kind === 'POST uploads' ? { status: 200, body } : 'pass');
    await expect(save(storeAt(proxy), KEY, VIDEO)).rejects.toMatchObject({ type: 'StorageFailed' });
    expect(proxy.calls.map(({ kind }) => kind)).not.toContain('PUT part');
  });
});
