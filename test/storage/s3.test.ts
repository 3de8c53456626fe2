import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, readlink, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LIMITS } from '../../src/contract/limits.js';
import { siblingKey } from '../../src/contract/output-key.js';
import { deferred } from '../../src/local/deferred.js';
import { openVideoStore } from '../../src/storage/open-store.js';
import { PART_BYTES } from '../../src/storage/part-buffers.js';
import type { VideoStore } from '../../src/storage/port.js';
import { isPassing, s3Trouble } from '../../src/storage/s3-trouble.js';
import { partBytesFor } from '../../src/storage/s3-upload.js';
import { closedPort } from '../openrouter/raw-server.js';
import { mountSmallDisk } from './small-disk.js';
import { latePart, startS3Proxy, type Fate, type S3Call, type S3Proxy } from '../support/s3-proxy.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import {
  begin,
  contentOf,
  OWNER,
  save,
  videoStoreSuite,
  type StoreUnderTest,
} from '../conformance/video-store.suite.js';

const SMALL = randomBytes(50_000);
/** Three parts, the last one short. */
const LARGE = randomBytes(2 * PART_BYTES + 12_345);
const SIZES = [
  ['small', SMALL],
  ['large', LARGE],
] as const;
const KEY = 'greenhouse.mp4';

let server: S3Server;
let client: S3Client;
let proxy: S3Proxy;
let bucket: string;
/** Through the proxy. */
let store: VideoStore;

beforeAll(async () => {
  server = await startS3Server();
  client = server.client;
});

beforeEach(async () => {
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  bucket = await server.newBucket();
  proxy = await startS3Proxy(server.endpoint);
  store = storeAt(`s3://${bucket}`, proxy.endpoint);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await proxy.close();
});

afterAll(async () => {
  await server.stop();
});

function storeAt(location: string, endpoint: string | null = server.endpoint): VideoStore {
  return openVideoStore(location, { endpoint, forcePathStyle: true });
}

async function objectAt(key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function putOther(key: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'other' }));
}

/** S3 counts in seconds. */
async function nextSecond(): Promise<void> {
  const began = Date.now();
  await vi.waitUntil(() => Math.floor(Date.now() / 1_000) > Math.floor(began / 1_000), { timeout: 10_000 });
}

async function removeClaims(): Promise<void> {
  for (const Key of await server.everything(bucket)) {
    if (Key.startsWith('.longtake-')) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  }
}

async function abortAllUploads(): Promise<void> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  for (const { Key, UploadId } of Uploads) {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
  }
}

async function s3Place(): Promise<StoreUnderTest> {
  const Bucket = await server.newBucket();
  const prefix = 'some/prefix/';
  return {
    store: storeAt(`s3://${Bucket}/${prefix}`),
    async put(key, content) {
      await client.send(new PutObjectCommand({ Bucket, Key: prefix + key, Body: content }));
    },
    async get(key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: prefix + key }));
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      } catch {
        return null;
      }
    },
    everything: async () => (await server.everything(Bucket)).map((name) => name.replace(prefix, '')),
    close: () => Promise.resolve(),
  };
}

videoStoreSuite('S3', s3Place);

describe('an upload to S3', () => {
  it('of a small video is one part, whose sha256 the server has checked', async () => {
    const stored = await save(store, KEY, SMALL);
    expect(stored.uri).toBe(`s3://${bucket}/${KEY}`);
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: KEY, ChecksumMode: 'ENABLED' }));
    const ofParts = createHash('sha256').update(Buffer.from(stored.sha256, 'hex')).digest('base64');
    expect(head.ChecksumSHA256).toBe(`${ofParts}-1`);
    expect(head.ContentType).toBe('video/mp4');
    expect(proxy.calls.filter(({ path }) => path.endsWith(KEY)).map(({ kind }) => kind)).toEqual([
      ...['POST uploads', 'PUT part', 'POST upload', 'HEAD'],
    ]);
  });

  it('may be of nothing', async () => {
    const nothing = Buffer.alloc(0);
    expect(await save(store, KEY, nothing)).toMatchObject({ key: KEY, ...contentOf(nothing) });
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it('of a large one comes in parts, each with a checksum, and leaves one object', async () => {
    const stored = await save(store, KEY, LARGE);
    expect(stored).toMatchObject(contentOf(LARGE));
    expect((await objectAt(KEY)).equals(LARGE)).toBe(true);
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: KEY, ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumSHA256).toMatch(/-3$/);
    expect(proxy.calls.filter(({ kind }) => kind === 'PUT part')).toHaveLength(3);
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it.each(SIZES)('says whose it is and what it holds, in a form that headers take (%s)', async (_size, video) => {
    const owner = { ...OWNER, workflowId: `Gewächshaus ☀ ${'é'.repeat(900)}` };
    const { sha256 } = await save(store, KEY, video, { owner });
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: KEY }));
    expect(Metadata).toEqual({
      'workflow-id': expect.stringMatching(/^Gew%C3%A4chshaus%20%E2%98%80%20(%C3%A9)+(%C3)?$/) as string,
      'job-id': OWNER.jobId,
      sha256,
    });
  });

  it('keeps nothing in the temporary directory, not even while it runs', async () => {
    const before = await readdir(tmpdir());
    const write = await begin(store, KEY, SMALL);
    const meanwhile = (await readdir(tmpdir())).filter(
      (name) => name.startsWith('.longtake-') && !before.includes(name),
    );
    expect(meanwhile).toEqual([]);
    await write.discard();
  });

  it('takes parts as large as 10,000 of them need to be', () => {
    const GIB = 1024 ** 3;
    for (const bytes of [1, 4 * GIB, 79 * GIB, 5_000 * GIB]) {
      expect(Math.ceil(bytes / partBytesFor(bytes))).toBeLessThanOrEqual(10_000);
    }
    expect(partBytesFor(4 * GIB)).toBe(PART_BYTES);
    expect(partBytesFor(79 * GIB)).toBe(2 * PART_BYTES);
  });

  it('goes on when the server asks for less haste', async () => {
    const refused = new Map<string, number>();
    proxy.fate = ({ kind }) => {
      const times = (refused.get(kind) ?? 0) + 1;
      refused.set(kind, times);
      return times === 1 ? 'slow-down' : 'pass';
    };
    await save(store, KEY, LARGE);
    expect((await objectAt(KEY)).equals(LARGE)).toBe(true);
    expect([...refused.keys()]).toEqual(expect.arrayContaining(['PUT part', 'POST uploads', 'POST upload']));
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it.each(SIZES)('whose last answer was lost is not taken for somebody else’s (%s)', async (_size, video) => {
    let lost = 0;
    proxy.fate = ({ kind, path }) =>
      kind === 'POST upload' && path.endsWith(KEY) && lost++ === 0 ? 'lose-answer' : 'pass';
    const stored = await save(store, KEY, video);
    expect(stored.key).toBe(KEY);
    expect(lost).toBeGreaterThan(1);
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it.each(SIZES)('that the server says it has, and has not, is not saved (%s)', async (_size, video) => {
    proxy.fate = ({ kind, path }) => (kind === 'POST upload' && path.endsWith(KEY) ? 'pretend' : 'pass');
    const write = await begin(store, KEY, video);
    await expect(write.publish(contentOf(video))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('said that it saved "greenhouse.mp4", but it is not there') as string,
    });
    await write.discard();
    expect(await server.everything(bucket)).toEqual([]);
  });

  it.each(SIZES)('that the server says it replaced, and has not, is not saved (%s)', async (_size, video) => {
    await save(store, KEY, Buffer.alloc(video.length));
    proxy.fate = ({ kind, path }) => (kind === 'POST upload' && path.endsWith(KEY) ? 'pretend' : 'pass');
    const write = await store.open(KEY, { owner: OWNER, overwrite: true });
    await write.write(video);
    await expect(write.publish(contentOf(video))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('said that it saved "greenhouse.mp4", but it is not there') as string,
    });
    await write.discard();
  });

  describe('whose end the server tells of wrongly', () => {
    const ERROR = { status: 200, body: '<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>\n' };
    const isEnd = ({ kind, path }: S3Call): boolean => kind === 'POST upload' && path.endsWith(KEY);

    /** The server itself says "done" to the end of an upload that is gone, where other content is there. */
    function endAndReplace(other: Buffer): void {
      proxy.fate = async (call): Promise<Fate> => {
        if (!isEnd(call)) return 'pass';
        await abortAllUploads();
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: other }));
        return 'pass';
      };
    }

    it('is not taken for other content of the same length: it goes beside it', async () => {
      const other = randomBytes(SMALL.length);
      endAndReplace(other);
      const stored = await save(store, KEY, SMALL);
      expect(stored).toMatchObject({ key: siblingKey(KEY, OWNER.jobId), ...contentOf(SMALL) });
      expect((await objectAt(stored.key)).equals(SMALL)).toBe(true);
      expect((await objectAt(KEY)).equals(other)).toBe(true);
    });

    it('is not taken for other content of the same length that it was to replace', async () => {
      const other = randomBytes(SMALL.length);
      await putOther(KEY);
      endAndReplace(other);
      await expect(save(store, KEY, SMALL, { overwrite: true })).rejects.toMatchObject({ type: 'StorageFailed' });
      expect((await objectAt(KEY)).equals(other)).toBe(true);
    });

    it('is asked for again where the storage says neither what it did nor that it failed', async () => {
      let ends = 0;
      proxy.fate = (call) => (isEnd(call) && ++ends === 1 ? ERROR : 'pass');
      expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY, ...contentOf(SMALL) });
      expect(ends).toBe(2);
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it.each([
      ['403', 'deny'],
      ['InvalidPart', { status: 400, code: 'InvalidPart' }],
      ['304', { status: 304 }],
    ] as const)('is saved also where the first answer was lost, and the second is %s', async (_what, answer) => {
      let ends = 0;
      proxy.fate = (call) => (!isEnd(call) ? 'pass' : ++ends === 1 ? 'lose-answer' : answer);
      expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY, ...contentOf(SMALL) });
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it.each(['not-implemented', 'deny'] as const)('is read where no head can be had (%s)', async (answer) => {
      proxy.fate = ({ kind }) => (kind === 'HEAD' ? answer : 'pass');
      expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY, ...contentOf(SMALL) });
      expect(await server.everything(bucket)).toEqual([KEY]);
    });
  });

  it.each([{ status: 403, code: 'InvalidObjectState' }, { status: 403 }])(
    'goes beside other content of its length that may not be read, and finds its own by its head (%j)',
    async (answer) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: Buffer.alloc(SMALL.length) }));
      proxy.fate = ({ kind, path }) => (kind === 'GET' && !path.includes('.longtake-') ? answer : 'pass');
      const key = siblingKey(KEY, OWNER.jobId);
      expect(await save(store, KEY, SMALL)).toMatchObject({ key, ...contentOf(SMALL) });
      proxy.calls.length = 0;
      expect(await save(store, KEY, SMALL)).toMatchObject({ key });
      expect(proxy.calls.map(({ kind }) => kind)).not.toContain('POST uploads');
    },
  );

  it.each(SIZES)('does not replace what came under its key meanwhile (%s)', async (_size, video) => {
    let came = false;
    proxy.fate = async ({ kind, path }): Promise<Fate> => {
      if (kind === 'POST upload' && path.endsWith(KEY) && !came) {
        came = true;
        await putOther(KEY);
      }
      return 'pass';
    };
    const stored = await save(store, KEY, video);
    expect(stored.key).toBe(siblingKey(KEY, OWNER.jobId));
    expect((await objectAt(KEY)).toString()).toBe('other');
    expect((await objectAt(stored.key)).equals(video)).toBe(true);
    expect(await server.everything(bucket)).toEqual([stored.key, KEY].sort());
  });

  async function giveUpInTrouble(): Promise<void> {
    const trouble = deferred<Error>();
    const write = await store.open(KEY, { owner: OWNER, overwrite: false, onTrouble: trouble.resolve });
    await write.write(LARGE);
    const published = expect(write.publish(contentOf(LARGE))).rejects.toMatchObject({ type: 'StorageFailed' });
    await trouble.promise;
    await write.discard();
    await published;
  }

  describe('to a bucket that is off for a while', () => {
    it.each([
      ['PUT part', SMALL],
      ['POST uploads', LARGE],
      ['PUT part', LARGE],
      ['POST upload', LARGE],
    ])('waits for it, and says so (%s)', async (kind, video) => {
      let refused = 0;
      const isRefused = (call: S3Call): boolean => call.kind === kind && call.path.endsWith(KEY) && refused++ < 7;
      proxy.fate = (call) => (isRefused(call) ? 'fail' : 'pass');
      const trouble: string[] = [];
      const onTrouble = ({ message }: Error): void => void trouble.push(message);
      const write = await store.open(KEY, { owner: OWNER, overwrite: false, onTrouble });
      await write.write(video);
      expect(await write.publish(contentOf(video))).toMatchObject({ key: KEY, ...contentOf(video) });
      expect(trouble[0]).toMatch(/^Saving "greenhouse\.mp4" in s3:.*InternalError/);
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it.each([
      ['429 in a web page', { status: 429, body: 'slow' }, 'overloaded', 'HTTP 429'],
      ['408', { status: 408 }, 'does not answer', 'HTTP 408'],
      ['502', { status: 502, body: '<html></html>' }, 'in trouble', 'HTTP 502'],
      ['400 RequestTimeout', { status: 400, code: 'RequestTimeout' }, 'does not answer', 'RequestTimeout'],
      ['409 OperationAborted', { status: 409, code: 'OperationAborted' }, 'else is going on', 'OperationAborted'],
      [
        '409 ConditionalRequestConflict',
        { status: 409, code: 'ConditionalRequestConflict' },
        'else is going on',
        'ConditionalRequestConflict',
      ],
      ['what is no HTTP', 'garble', 'does not speak HTTP', 'HPE_INVALID_CONSTANT'],
    ] as const)('takes %s for an answer that says: later', async (_what, answer, words, code) => {
      let refused = 0;
      proxy.fate = ({ kind, path }) => (kind === 'PUT part' && path.endsWith(KEY) && refused++ < 4 ? answer : 'pass');
      const trouble: string[] = [];
      const onTrouble = ({ message }: Error): void => void trouble.push(message);
      const write = await store.open(KEY, { owner: OWNER, overwrite: false, onTrouble });
      await write.write(SMALL);
      expect(await write.publish(contentOf(SMALL))).toMatchObject({ key: KEY, ...contentOf(SMALL) });
      expect(trouble[0]).toContain(words);
      expect(trouble[0]).toContain(`(${code})`);
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it.each(['EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ECONNABORTED'])('waits after %s as well', (code) => {
      const error = Object.assign(new Error('write'), { code });
      expect(isPassing(error)).toBe(true);
      expect(s3Trouble('Saving', error).message).toMatch(/cannot be reached.*LONGTAKE_S3_ENDPOINT/);
    });

    it('begins no second one beside one whose answer was lost', async () => {
      let lost = 0;
      proxy.fate = ({ kind }) => (kind === 'POST uploads' && lost++ < 3 ? 'lose-answer' : 'pass');
      await save(store, KEY, LARGE);
      expect(lost).toBe(4);
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it('is given up when somebody says so', async () => {
      proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'fail' : 'pass');
      await giveUpInTrouble();
      expect(await server.everything(bucket)).toEqual([]);
    });
  });

  it('that fails in the middle leaves no open upload', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'fail' : 'pass');
    const write = await begin(store, KEY, LARGE);
    await expect(write.publish(contentOf(LARGE))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('InternalError') as string,
    });
    await write.discard();
    expect(await server.everything(bucket)).toEqual([]);
  });

  it('that is given up in the middle ends at once and leaves no open upload', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'hang' : 'pass');
    const write = await begin(store, KEY, LARGE);
    const published = write.publish(contentOf(LARGE));
    published.catch(() => undefined);
    await expect.poll(() => proxy.calls.filter(({ kind }) => kind === 'PUT part').length).toBeGreaterThan(0);
    expect(await server.everything(bucket)).toContain(`upload of ${KEY}`);
    await write.discard();
    await expect(published).rejects.toMatchObject({ type: 'StorageFailed' });
    expect(await server.everything(bucket)).toEqual([]);
  });

  it('that somebody else aborts in the middle leaves nothing, and the next one succeeds', async () => {
    let aborted: Promise<void> | null = null;
    proxy.fate = async ({ kind }): Promise<Fate> => {
      // As a lifecycle rule does, or an operator; the last call has no body that an early answer could cut off.
      if (kind === 'POST upload') await (aborted ??= abortAllUploads());
      return 'pass';
    };
    const write = await begin(store, KEY, LARGE);
    await expect(write.publish(contentOf(LARGE))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('a clean-up') as string,
    });
    await write.discard();
    expect(await server.everything(bucket)).toEqual([]);
    expect(await save(store, KEY, LARGE)).toMatchObject({ key: KEY, ...contentOf(LARGE) });
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  function moment() {
    let come: () => void = () => undefined;
    const came = new Promise<void>((resolve) => (come = resolve));
    return { came, come };
  }

  it('that is given up while the storage is still at one of its parts is ended until it is gone', async () => {
    const late = latePart();
    let parts = 0;
    let removals = 0;
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind === 'PUT part') return ++parts === 1 ? late.fate : 'hang';
      if (kind.startsWith('DELETE') && ++removals === 2) await late.send();
      return 'pass';
    };
    const write = await begin(store, KEY, LARGE);
    write.publish(contentOf(LARGE)).catch(() => undefined);
    await late.received;
    const { Uploads: [upload] = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    await write.discard();
    await late.landed;
    await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual([]);
    const again = new AbortMultipartUploadCommand({ Bucket: bucket, Key: KEY, UploadId: upload?.UploadId });
    await expect(client.send(again)).rejects.toMatchObject({ name: 'NoSuchUpload' }); // parts without a name are not listed
  });

  it('one of whose parts is refused waits for the other before it is ended', async () => {
    const late = latePart();
    const order: string[] = [];
    void late.landed.then(() => order.push('landed'));
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind === 'DELETE upload') order.push('ended');
      if (kind !== 'PUT part') return 'pass';
      if (order.push('part') === 1) return late.fate;
      await late.received;
      setTimeout(() => void late.send(), 1_000); // long enough for an upload that does not wait to show it
      return 'deny';
    };
    const write = await begin(store, KEY, LARGE);
    await expect(write.publish(contentOf(LARGE))).rejects.toMatchObject({
      message: expect.stringContaining('AccessDenied') as string,
    });
    expect(order.slice(0, 4)).toEqual(['part', 'part', 'landed', 'ended']);
    expect(await server.everything(bucket)).toEqual([]);
  });

  /** As a storage does that asks for less haste for some seconds: longer than the SDK's own patience. */
  function refuseTimes(times: number, kind: string): Fate[] {
    const fates: Fate[] = [];
    proxy.fate = (call) => {
      if (call.kind !== kind) return 'pass';
      fates.push(fates.length < times ? 'slow-down' : 'pass');
      return fates.at(-1) ?? 'pass';
    };
    return fates;
  }

  it('that is saved gives up its claim also where S3 refuses that for a while', async () => {
    const fates = refuseTimes(5, 'DELETE');
    expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY });
    await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual([KEY]);
    expect(fates.length).toBeGreaterThan(5);
  });

  it('that is saved beside its key ends the upload to it also where S3 refuses that for a while', async () => {
    refuseTimes(5, 'DELETE upload');
    const refusing = proxy.fate;
    proxy.fate = async (call): Promise<Fate> => {
      if (call.kind === 'POST upload' && call.path.endsWith(KEY)) await putOther(KEY);
      return refusing(call);
    };
    expect(await save(store, KEY, LARGE)).toMatchObject({ key: siblingKey(KEY, OWNER.jobId), ...contentOf(LARGE) });
    const keys = [KEY, siblingKey(KEY, OWNER.jobId)].sort();
    await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual(keys);
  });

  it('that is saved is told, whatever becomes of its claim', async () => {
    proxy.fate = ({ kind }) => (kind === 'DELETE' ? 'hang' : 'pass');
    expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY, ...contentOf(SMALL) });
    expect(await server.everything(bucket)).toHaveLength(2);
  });

  it('whose claim somebody removes is not completed', async () => {
    await putOther(KEY);
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind === 'PUT part') await removeClaims();
      return 'pass';
    };
    await expect(save(store, KEY, SMALL, { overwrite: true })).rejects.toMatchObject({
      message: expect.stringContaining('was swept while it ran') as string,
    });
    expect((await objectAt(KEY)).toString()).toBe('other');
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it('that cannot even be ended is swept by whoever comes next', async () => {
    const fates: Record<string, Fate> = { 'PUT part': 'deny', 'DELETE upload': 'fail' };
    proxy.fate = ({ kind }) => fates[kind] ?? 'pass';
    const write = await begin(store, KEY, LARGE);
    await expect(write.publish(contentOf(LARGE))).rejects.toMatchObject({ type: 'StorageFailed' });
    await write.discard();
    expect(await server.everything(bucket)).toContain(`upload of ${KEY}`);
    await storeAt(`s3://${bucket}`).sweep(KEY, OWNER);
    expect(await server.everything(bucket)).toEqual([]);
  });

  it.each(['DELETE', 'DELETE upload'])(
    'that nobody may end (%s) is told, and keeps none from being saved',
    async (right) => {
      proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'hang' : 'pass');
      const dead = await begin(store, KEY, LARGE);
      dead.publish(contentOf(LARGE)).catch(() => undefined);
      await expect.poll(() => proxy.calls.some(({ kind }) => kind === 'PUT part')).toBe(true);
      proxy.fate = ({ kind }) => (kind === right ? 'deny' : 'pass');
      const leftovers: string[] = [];
      const onLeftover = ({ message }: Error): void => void leftovers.push(message);
      const write = await store.open(KEY, { owner: OWNER, overwrite: false, onLeftover });
      await write.write(LARGE);
      expect(await write.publish(contentOf(LARGE))).toMatchObject({ key: KEY, ...contentOf(LARGE) });
      expect(leftovers).toEqual([expect.stringMatching(/Removing unfinished transfers of .*AccessDenied/)]);
    },
  );

  it('that cannot be ended for now is in the way of the next one', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'hang' : 'pass');
    const late = await begin(store, KEY, LARGE);
    late.publish(contentOf(LARGE)).catch(() => undefined);
    await expect.poll(() => proxy.calls.some(({ kind }) => kind === 'PUT part')).toBe(true);
    proxy.fate = ({ kind }) => (kind === 'DELETE upload' ? 'slow-down' : 'pass');
    await expect(begin(store, KEY, LARGE)).rejects.toMatchObject({
      message: expect.stringContaining('SlowDown') as string,
    });
    proxy.fate = () => 'pass';
    await save(store, KEY, LARGE);
    await late.discard();
    await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual([KEY]);
  });

  it('to the sibling key is swept as well', async () => {
    await putOther(KEY);
    const dead = new Promise<void>((resolve) => {
      proxy.fate = ({ kind }) => {
        if (kind !== 'PUT part') return 'pass';
        resolve();
        return 'hang';
      };
    });
    const write = await begin(store, KEY, LARGE);
    write.publish(contentOf(LARGE)).catch(() => undefined);
    await dead;
    expect(await server.everything(bucket)).toContain(`upload of ${siblingKey(KEY, OWNER.jobId)}`);
    await storeAt(`s3://${bucket}`).sweep(KEY, OWNER);
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it('to the sibling key is swept also where nobody wrote it down', async () => {
    await putOther(KEY);
    const recorded = moment();
    proxy.fate = ({ condition }) => {
      if (condition !== 'if-match') return 'pass';
      recorded.come();
      return 'hang';
    };
    const dead = await begin(store, KEY, SMALL);
    dead.publish(contentOf(SMALL)).catch(() => undefined);
    await recorded.came;
    await storeAt(`s3://${bucket}`).sweep(KEY, OWNER);
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it('to the sibling key that begins under the hands of a sweep saves nothing', async () => {
    const [swept, end] = [moment(), latePart()];
    let writes = 0;
    proxy.fate = async ({ kind, path, condition }): Promise<Fate> => {
      if (kind === 'POST upload' && path.endsWith(KEY)) {
        await putOther(KEY);
        await swept.came;
        return 'refuse-condition';
      }
      if (condition === 'if-match' && ++writes === 2) {
        swept.come(); // its claim is about to be closed
        await end.received;
      }
      return kind === 'POST upload' ? end.fate : 'pass';
    };
    const published = expect(save(store, KEY, SMALL)).rejects.toMatchObject({ type: 'StorageFailed' });
    await expect.poll(() => proxy.calls.some(({ kind }) => kind === 'POST upload')).toBe(true);
    await store.sweep(KEY, OWNER);
    await end.send();
    await published;
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it('that was left for the sibling key is swept too, without a list of uploads', async () => {
    const dead = moment();
    proxy.fate = async ({ kind, path }): Promise<Fate> => {
      if (kind === 'POST upload') await putOther(KEY);
      if (kind === 'PUT part' && !path.endsWith(KEY)) dead.come();
      return kind === 'DELETE upload' || (kind === 'PUT part' && !path.endsWith(KEY)) ? 'hang' : 'pass';
    };
    const write = await begin(store, KEY, SMALL);
    write.publish(contentOf(SMALL)).catch(() => undefined);
    await dead.came;
    expect(await server.everything(bucket)).toContain(`upload of ${KEY}`);
    proxy.fate = ({ kind }) => (kind === 'GET uploads' ? 'deny' : 'pass');
    await store.sweep(KEY, OWNER);
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  it('goes on where the answer to its record was lost', async () => {
    const records: S3Call[] = [];
    proxy.fate = (call) => (call.condition === 'if-match' && records.push(call) === 1 ? 'lose-answer' : 'pass');
    await save(store, KEY, LARGE);
    expect(records).toHaveLength(2);
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  describe('whose beginning nobody wrote down', () => {
    /** The answer to the first `times` beginnings is lost, and the client asks again up to three times. */
    function loseBeginnings(times: number): void {
      let begun = 0;
      proxy.fate = ({ kind }) => (kind === 'POST uploads' && ++begun <= times ? 'lose-answer' : 'pass');
    }

    async function dieBeforeTheRecord(): Promise<void> {
      const dead = new Promise<void>((resolve) => {
        proxy.fate = ({ condition }) => {
          if (condition !== 'if-match') return 'pass';
          resolve();
          return 'hang';
        };
      });
      void (await begin(store, KEY, LARGE)).publish(contentOf(LARGE)).catch(() => undefined);
      await dead;
    }

    async function openUploads(): Promise<(string | undefined)[]> {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map(({ UploadId }) => UploadId).sort();
    }

    it('is ended when the next beginning is answered', async () => {
      loseBeginnings(1);
      await save(store, KEY, LARGE);
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it('is ended also where it lands after the next one, which goes on', async () => {
      const [first, held] = [latePart({ cutOff: true }), latePart()];
      let begun = 0;
      proxy.fate = ({ kind }) =>
        kind === 'POST uploads' && ++begun === 1 ? first.fate : kind === 'PUT part' ? held.fate : 'pass';
      const saved = save(store, KEY, SMALL);
      await held.received;
      await first.send();
      expect(await openUploads()).toHaveLength(2);
      await held.send();
      expect(await saved).toMatchObject({ key: KEY });
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it('is told from the uploads of other programs, which are left alone while the run lives', async () => {
      const beginAnother = () => client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: KEY }));
      let begun = 0;
      proxy.fate = async ({ kind }): Promise<Fate> => {
        if (kind === 'PUT part') await beginAnother();
        if (kind !== 'POST uploads' || ++begun > 1) return 'pass';
        await beginAnother();
        return 'lose-answer';
      };
      await save(store, KEY, SMALL);
      expect(await server.everything(bucket)).toEqual([KEY, `upload of ${KEY}`, `upload of ${KEY}`]);
    });

    it.each(['pass', 'deny'] as const)('is no matter where the list tells nothing of it (%s)', async (listing) => {
      const entry = (id: string): string =>
        `<Upload><Key>${KEY}</Key><UploadId>${id}</UploadId><Initiated>2026-11-28T10:00:00.000Z</Initiated></Upload>`;
      const body = `<ListMultipartUploadsResult>${entry('one')}${entry('two')}</ListMultipartUploadsResult>`;
      let begun = 0;
      proxy.fate = ({ kind }) => {
        if (kind === 'GET uploads') return listing === 'pass' ? { status: 200, body } : listing;
        return kind === 'POST uploads' && ++begun === 1 ? 'lose-answer' : 'pass';
      };
      expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY });
    });

    it('is ended when none was answered', async () => {
      loseBeginnings(Infinity);
      await giveUpInTrouble();
      expect(await server.everything(bucket)).toEqual([]);
    });

    it('is swept with the claim of a dead attempt; those of other runs and from before are left alone', async () => {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: KEY }));
      await nextSecond();
      proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'hang' : 'pass');
      const rival = await begin(store, KEY, LARGE, { owner: { ...OWNER, runId: 'run-2' } });
      rival.publish(contentOf(LARGE)).catch(() => undefined);
      await expect.poll(() => proxy.calls.map(({ kind }) => kind)).toContain('PUT part');
      const others = await openUploads();
      expect(others).toHaveLength(2);

      await dieBeforeTheRecord();
      expect(await openUploads()).toHaveLength(3);
      await storeAt(`s3://${bucket}`).sweep(KEY, OWNER);
      expect(await openUploads()).toEqual(others);
      await rival.discard();
    });

    it('stays where the credentials may not list uploads, and the sweep goes on', async () => {
      await dieBeforeTheRecord();
      proxy.fate = ({ kind }) => (kind === 'GET uploads' ? 'deny' : 'pass');
      await store.sweep(KEY, OWNER);
      expect(proxy.calls.map(({ kind }) => kind)).toContain('GET uploads');
      expect(await server.everything(bucket)).toEqual([`upload of ${KEY}`]);
    });
  });

  it('of an attempt taken for dead is swept and cannot finish any more; that of another run can', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const zombieEnded = moment();
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind === 'PUT part') await gate;
      if (kind === 'POST upload') await zombieEnded.came; // else it may find its twin
      return 'pass';
    };
    const zombie = (await begin(store, KEY, LARGE)).publish(contentOf(LARGE));
    const another = { ...OWNER, runId: 'run-2' };
    const rival = (await begin(store, KEY, LARGE, { owner: another })).publish(contentOf(LARGE));
    const uploads = async (): Promise<string[]> =>
      (await server.everything(bucket)).filter((name) => name === `upload of ${KEY}`);
    await expect.poll(uploads).toHaveLength(2);
    await expect.poll(() => proxy.calls.filter(({ kind }) => kind === 'PUT part').length).toBe(4);
    await storeAt(`s3://${bucket}`).sweep(KEY, OWNER);
    expect(await uploads()).toHaveLength(1);
    const refused = expect(zombie).rejects.toMatchObject({ type: 'StorageFailed' });
    open();
    await refused;
    zombieEnded.come();
    expect(await rival).toMatchObject({ key: KEY, ...contentOf(LARGE) });
    expect(await server.everything(bucket)).toEqual([KEY]);
  });

  describe('that may replace what is there', () => {
    /** Of an upload in one part, in their order. */
    const REQUESTS = ['its beginning', 'the record of it', 'its part', 'its end'].map(
      (what, at) => [what, at] as const,
    );
    const direct = () => storeAt(`s3://${bucket}`);

    /** An attempt at `video` of which one request is long on its way; it lands in the end, whatever becomes of the attempt. */
    async function late(video: Buffer, at: number) {
      const held = latePart();
      let requests = 0;
      const isOfUpload = ({ path, condition }: S3Call): boolean => path.endsWith(KEY) || condition === 'if-match';
      proxy.fate = (call) => (isOfUpload(call) && requests++ === at ? held.fate : 'pass');
      const write = await begin(store, KEY, video, { overwrite: true });
      const published = write.publish(contentOf(video)).then(
        () => 'saved',
        (error: unknown) => (error as Error).message,
      );
      await Promise.race([held.received, published]);
      return async (): Promise<string> => {
        await held.send();
        return await published;
      };
    }

    it.each(REQUESTS)('does not do so when it is swept while %s is on its way', async (_what, at) => {
      await putOther(KEY);
      const land = await late(SMALL, at);
      await direct().sweep(KEY, OWNER);
      expect(await land()).toMatch(/was swept while it ran|another attempt or a clean-up took over/);
      expect((await objectAt(KEY)).toString()).toBe('other');
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    it.each(REQUESTS)(
      'does not do so when its successor found its own video there while %s was on its way',
      async (_what, at) => {
        const video = randomBytes(1_000);
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: video }));
        const land = await late(SMALL, at);
        expect(await save(direct(), KEY, video, { overwrite: true })).toMatchObject({ key: KEY });
        expect(await land()).toMatch(/was swept while it ran|another attempt or a clean-up took over/);
        expect((await objectAt(KEY)).equals(video)).toBe(true);
      },
    );

    it('does not do so when it writes its upload down under the hands of a sweep', async () => {
      await putOther(KEY);
      const [begins, swept] = [moment(), moment()];
      const ends = moment();
      let writes = 0;
      proxy.fate = async ({ kind, condition }): Promise<Fate> => {
        if (kind === 'POST uploads') await begins.came;
        if (kind === 'POST upload') {
          ends.come();
          await swept.came;
        }
        if (condition === 'if-match' && ++writes === 1) {
          begins.come();
          await ends.came;
        }
        return 'pass';
      };
      const write = await begin(store, KEY, SMALL, { overwrite: true });
      const published = expect(write.publish(contentOf(SMALL))).rejects.toMatchObject({ type: 'StorageFailed' });
      await expect.poll(() => proxy.calls.some(({ kind }) => kind === 'POST uploads')).toBe(true);
      await store.sweep(KEY, OWNER);
      swept.come();
      await published;
      expect((await objectAt(KEY)).toString()).toBe('other');
      expect(await server.everything(bucket)).toEqual([KEY]);
    });

    describe('and whose claim was asked for twice, since the first request was long on its way', () => {
      /** An attempt that waits at `at`, after a claim of which another request is still to land. */
      async function claimedTwice(at: string) {
        await putOther(KEY);
        const [first, held] = [latePart({ cutOff: true }), latePart()];
        let claims = 0;
        proxy.fate = ({ kind }) => (kind === 'PUT' && ++claims === 1 ? first.fate : kind === at ? held.fate : 'pass');
        const write = await begin(store, KEY, SMALL, { overwrite: true });
        const published = expect(write.publish(contentOf(SMALL))).rejects.toMatchObject({
          message: expect.stringContaining('was swept while it ran') as string,
        });
        await held.received;
        return { first, held, published };
      }

      it('does not do so when it was swept before that landed', async () => {
        const { first, held, published } = await claimedTwice('POST uploads');
        await direct().sweep(KEY, OWNER);
        await first.send();
        await held.send();
        await published;
        expect((await objectAt(KEY)).toString()).toBe('other');
        expect(await server.everything(bucket)).toEqual([KEY]);
      });

      it('does not do so when it was swept after that landed on what names its upload', async () => {
        const { first, held, published } = await claimedTwice('POST upload');
        await nextSecond(); // what came in the second of the claim is found in the list of uploads
        await first.send();
        await direct().sweep(KEY, OWNER);
        await held.send();
        await published;
        expect((await objectAt(KEY)).toString()).toBe('other');
        expect(await server.everything(bucket)).toEqual([KEY]);
      });
    });

    it('does so also where that comes or goes under its hands', async () => {
      const changes = [
        () => putOther(KEY),
        () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: KEY })),
        () => save(direct(), KEY, randomBytes(1_000), { owner: { ...OWNER, runId: 'run-2' } }),
      ];
      proxy.fate = async ({ path }): Promise<Fate> => {
        if (path.endsWith(KEY)) await changes.shift()?.();
        return 'pass';
      };
      expect(await save(store, KEY, SMALL, { overwrite: true })).toMatchObject({ key: KEY });
      expect((await objectAt(KEY)).equals(SMALL)).toBe(true);
      expect(changes).toEqual([]);
    });

    it('is not saved beside it when somebody ends its upload: that is for the next attempt', async () => {
      await putOther(KEY);
      proxy.fate = async ({ kind, path }): Promise<Fate> => {
        if (kind !== 'POST upload' || !path.endsWith(KEY)) return 'pass';
        await abortAllUploads();
        return { status: 404, code: 'NoSuchUpload' };
      };
      await expect(save(store, KEY, SMALL, { overwrite: true })).rejects.toMatchObject({
        message: expect.stringContaining('was swept while it ran') as string,
      });
      expect(await server.everything(bucket)).toEqual([KEY]);
    });
  });
});

/** Restored after the test. */
function shorten(limit: 'storageIdleMs' | 'storagePatienceMs', ms: number): void {
  vi.spyOn(LIMITS as Record<typeof limit, number>, limit, 'get').mockReturnValue(ms);
}

describe('an answer that ends in its middle', () => {
  const CASES = [
    ['breaks', 'break-body'],
    ['stalls', 'stall-body'],
  ] as const;
  const isVideo = ({ kind, path }: S3Call): boolean => kind === 'GET' && path.endsWith(KEY);
  const isClaim = ({ kind, path }: S3Call): boolean => kind === 'GET' && path.includes('.longtake-');

  beforeEach(async () => {
    shorten('storageIdleMs', 300);
    store = storeAt(`s3://${bucket}`, proxy.endpoint);
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: SMALL }));
  });

  function endTimes(times: number, fate: Fate, isMeant: (call: S3Call) => boolean): void {
    let ended = 0;
    proxy.fate = (call) => (isMeant(call) && ended++ < times ? fate : 'pass');
  }

  it.each(CASES)('is asked for again where a video is looked for (%s)', async (_how, fate) => {
    endTimes(1, fate, isVideo);
    expect(await store.find(KEY)).toMatchObject({ key: KEY, ...contentOf(SMALL) });
  });

  it.each(CASES)('is asked for again where what is there is compared (%s)', async (_how, fate) => {
    endTimes(1, fate, isVideo);
    expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY });
    expect(proxy.calls.map(({ kind }) => kind)).not.toContain('POST uploads');
  });

  it.each(CASES)('is asked for again where a claim is read (%s)', async (_how, fate) => {
    endTimes(1, fate, isClaim);
    await store.check('other.mp4', { overwrite: false });
    endTimes(1, fate, isClaim);
    expect(await save(store, 'other.mp4', SMALL)).toMatchObject({ key: 'other.mp4' });
    expect(await server.everything(bucket)).toEqual([KEY, 'other.mp4']);
  });

  it('is waited for as a bucket that is off, which is told', async () => {
    endTimes(7, 'break-body', isVideo);
    const trouble: string[] = [];
    const onTrouble = ({ message }: Error): void => void trouble.push(message);
    const write = await store.open(KEY, { owner: OWNER, overwrite: false, onTrouble });
    await write.write(SMALL);
    expect(await write.publish(contentOf(SMALL))).toMatchObject({ key: KEY });
    expect(trouble[0]).toMatch(/cannot be reached.*ECONNRESET/);
  });

  it.each(CASES)('each time ends the attempt, and the next one succeeds (%s)', async (_how, fate) => {
    shorten('storagePatienceMs', 1_000);
    endTimes(Infinity, fate, isVideo);
    await expect(save(store, KEY, SMALL)).rejects.toMatchObject({ type: 'StorageFailed' });
    proxy.fate = () => 'pass';
    expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY });
  });
});

describe('an upload whose end takes longer than anybody waits', () => {
  it('has failed for its attempt, and is found by the next one as its own', async () => {
    shorten('storageIdleMs', 300);
    shorten('storagePatienceMs', 500);
    store = storeAt(`s3://${bucket}`, proxy.endpoint);
    const end = latePart();
    let ends = 0;
    proxy.fate = ({ kind }) => {
      if (kind === 'POST upload') return ++ends === 1 ? end.fate : 'hang';
      return kind === 'DELETE upload' ? { status: 404, code: 'NoSuchUpload' } : 'pass'; // it is at the end still
    };
    const write = await begin(store, KEY, SMALL);
    await expect(write.publish(contentOf(SMALL))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('does not answer') as string,
    });
    expect(ends).toBe(3);
    expect(await server.everything(bucket)).not.toContain(KEY);
    await end.send();
    proxy.calls.length = 0;
    proxy.fate = () => 'pass';
    expect(await save(store, KEY, SMALL)).toMatchObject({ key: KEY, ...contentOf(SMALL) });
    expect(proxy.calls.map(({ kind }) => kind)).not.toContain('POST uploads');
    await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual([KEY]);
  });
});

describe('a video that is found', () => {
  it('is read no further once the caller has ended', async () => {
    await save(store, KEY, SMALL);
    const reading = new Promise<void>((resolve) => {
      proxy.fate = ({ kind }) => {
        if (kind === 'GET') resolve();
        return 'hang';
      };
    });
    const caller = new AbortController();
    const found = store.find(KEY, { signal: caller.signal });
    const ended = expect(found).rejects.toMatchObject({ type: 'StorageFailed' });
    await reading;
    caller.abort();
    await ended;
  });
});

describe('a check before the submit', () => {
  it('refuses a key that is too long together with the prefix, as it would leave no room for a sibling', async () => {
    const deep = storeAt(`s3://${bucket}/${'p/'.repeat(200)}`, proxy.endpoint);
    await expect(deep.check(`${'a/'.repeat(300)}${KEY}`, { overwrite: false })).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringContaining('longer than 900 bytes') as string,
    });
    expect(proxy.calls).toEqual([]);
  });

  it('asks S3 thirteen small things, of which one writes and one removes what was written', async () => {
    await store.check(KEY, { overwrite: false });
    expect(proxy.calls.map(({ kind, condition }) => (condition === null ? kind : `${kind} ${condition}`))).toEqual([
      ...['GET list', 'GET list', 'GET list', 'PUT', 'GET list', 'PUT if-none-match', 'PUT if-match'],
      'GET if-match',
      ...['POST uploads', 'PUT part', 'POST upload if-none-match', 'DELETE upload', 'DELETE'],
    ]);
  });

  it.each(Array.from({ length: 13 }, (_, index) => index))('bears that answer %i is lost', async (index) => {
    proxy.fate = () => (proxy.calls.length === index + 1 ? 'lose-answer' : 'pass');
    await store.check(KEY, { overwrite: false });
    expect(proxy.calls.length).toBeGreaterThan(13);
    expect(await server.everything(bucket)).toEqual([]);
  });

  it.each([
    ['PUT', 2],
    ['PUT', 3],
    ['GET', 1],
    ['PUT part', 1],
    ['POST upload', 1],
    ['DELETE upload', 1],
    ['DELETE', 1],
  ])('that dies in a %s (%i) is swept by the next one', async (last, at) => {
    const dead = new Promise<void>((resolve) => {
      proxy.fate = ({ kind, path }) => {
        if (kind !== last || proxy.calls.filter((call) => call.kind === kind).length < at) return 'pass';
        expect(path).toContain(bucket);
        resolve();
        return 'hang';
      };
    });
    const trial = { overwrite: false, owner: { ...OWNER, jobId: '' } };
    store.check(KEY, trial).catch(() => undefined);
    await dead;
    expect(await server.everything(bucket)).not.toEqual([]);
    await storeAt(`s3://${bucket}`).check(KEY, trial);
    expect(await server.everything(bucket)).toEqual([]);
  });
});

describe('a check that died', () => {
  const trial = { overwrite: false, owner: { ...OWNER, jobId: '' } };

  it('is swept, and the upload that another program began to the key meanwhile is not', async () => {
    const dead = new Promise<void>((resolve) => {
      proxy.fate = ({ condition }) => {
        if (condition === null) return 'pass';
        resolve();
        return 'hang';
      };
    });
    store.check(KEY, trial).catch(() => undefined);
    await dead;
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: KEY }));
    await storeAt(`s3://${bucket}`).check(KEY, trial);
    expect(await server.everything(bucket)).toEqual([`upload of ${KEY}`]);
  });

  it('may leave what names an upload, as a download does, and that is ended', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT part' ? 'hang' : 'pass');
    const dead = await begin(store, KEY, SMALL, trial);
    dead.publish(contentOf(SMALL)).catch(() => undefined);
    await expect.poll(() => proxy.calls.some(({ kind }) => kind === 'PUT part')).toBe(true);
    expect(await server.everything(bucket)).toContain(`upload of ${KEY}`);
    await storeAt(`s3://${bucket}`).check(KEY, trial);
    expect(await server.everything(bucket)).toEqual([]);
  });
});

describe('a check whose claim was not answered', () => {
  it('leaves none that was given up, also where it lands after its removal', async () => {
    const first = latePart({ cutOff: true });
    let claims = 0;
    proxy.fate = async ({ kind }): Promise<Fate> => {
      if (kind !== 'PUT') return 'pass';
      claims += 1;
      if (claims <= 2) return claims === 1 ? first.fate : 'pass';
      await first.send();
      return 'deny';
    };
    await expect(store.check(KEY, { overwrite: false })).rejects.toMatchObject({ type: 'StorageFailed' });
    expect(await server.everything(bucket)).toEqual([]);
  });

  it('leaves none also where its removal is refused for a while', async () => {
    let removals = 0;
    proxy.fate = ({ kind }) =>
      kind === 'PUT' ? 'lose-answer' : kind === 'DELETE' && ++removals <= 5 ? 'slow-down' : 'pass';
    await expect(store.check(KEY, { overwrite: false })).rejects.toMatchObject({ type: 'StorageFailed' });
    await expect.poll(() => server.everything(bucket), { timeout: 30_000 }).toEqual([]);
  });

  it('leaves none', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT' ? 'lose-answer' : 'pass');
    await expect(store.check(KEY, { overwrite: false })).rejects.toMatchObject({ type: 'StorageFailed' });
    expect(await server.everything(bucket)).toEqual([]);
  });
});

describe('a storage that never answers when something is removed', () => {
  it('passes the check in time, and so does the next one, which finds what is left', async () => {
    const isTidying = ({ kind }: S3Call): boolean => kind === 'DELETE upload' || kind === 'DELETE';
    proxy.fate = (call) => (isTidying(call) ? 'hang' : 'pass');
    const trial = { overwrite: false, owner: { ...OWNER, jobId: '' } };
    const began = performance.now();
    const first = store.check(KEY, trial);
    await expect.poll(() => proxy.calls.some(isTidying), { timeout: 20_000 }).toBe(true);
    await Promise.all([first, store.check(KEY, trial)]);
    const CHECK_ENDS_MS = 45_000; // its activity
    expect(performance.now() - began).toBeLessThan(CHECK_ENDS_MS - LIMITS.modelsAnswerMs + 5_000);
    expect((await server.everything(bucket)).filter((name) => name.startsWith('.longtake-'))).toHaveLength(2);
    await storeAt(`s3://${bucket}`).check(KEY, trial);
    expect(await server.everything(bucket)).toEqual([]);
  });
});

describe('the temporary directory', async () => {
  const probeDisk = await mountSmallDisk();
  await probeDisk?.remove();

  it('that is not there is found before anything is submitted', async () => {
    vi.stubEnv('TMPDIR', '/nowhere/at/all');
    await expect(store.check(KEY, { overwrite: false })).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/"\/nowhere\/at\/all".*TMPDIR/) as string,
    });
    expect(await server.everything(bucket)).toEqual([]);
  });

  it.skipIf(probeDisk === null)('that is full is found before anything is submitted', async () => {
    const disk = await mountSmallDisk();
    if (disk === null) throw new Error('mount worked a moment ago');
    onTestFinished(() => disk.remove());
    const filled = writeFile(path.join(disk.directory, 'ballast'), Buffer.alloc(2_000_000));
    await expect(filled).rejects.toMatchObject({ code: 'ENOSPC' });
    vi.stubEnv('TMPDIR', disk.directory);
    await expect(store.check(KEY, { overwrite: false })).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/disk is full.*TMPDIR/) as string,
    });
    expect(await readdir(disk.directory)).toEqual(['ballast']);
    expect(await server.everything(bucket)).toEqual([]);
  });

  it.skipIf(probeDisk === null)('that fills up is named, and the discard gives the space back', async () => {
    const disk = await mountSmallDisk();
    if (disk === null) throw new Error('mount worked a moment ago');
    onTestFinished(() => disk.remove());
    vi.stubEnv('TMPDIR', disk.directory);
    const write = await begin(store, KEY, randomBytes(600_000));
    await expect(write.write(randomBytes(600_000))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/disk is full.*TMPDIR/) as string,
    });
    await write.discard();
    expect(await server.everything(bucket)).toEqual([]);
    await save(store, KEY, randomBytes(600_000));
  });
});

describe.skipIf(process.platform !== 'linux')('a disk that loses what waits for its upload', () => {
  /** Behind the back of whoever has the file open, as lost write-back does. */
  async function changeSpool(change: (file: FileHandle) => Promise<unknown>): Promise<void> {
    const descriptors = (await readdir('/proc/self/fd')).map((name) => `/proc/self/fd/${name}`);
    const files = await Promise.all(descriptors.map((descriptor) => readlink(descriptor).catch(() => '')));
    const spools = descriptors.filter((_, index) => /[/][.]longtake-check-.*deleted/.test(files[index] ?? ''));
    expect(spools).not.toEqual([]);
    for (const spool of spools) {
      const file = await open(spool, 'r+');
      await change(file);
      await file.close();
    }
  }

  it.each([
    ['the only part', SMALL, 100],
    ['the first part', LARGE, PART_BYTES - 4_096],
    ['the middle part', LARGE, PART_BYTES],
    ['the last part', LARGE, 2 * PART_BYTES + 8_000],
  ])('costs another transfer, and no other bytes are saved (%s)', async (_name, video, at) => {
    const write = await begin(store, KEY, video);
    await changeSpool((file) => file.write(Buffer.alloc(4_096), 0, 4_096, at));
    await expect(write.publish(contentOf(video))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/temporary directory ".*" lost what it took.*TMPDIR/) as string,
    });
    await write.discard();
    expect(await server.everything(bucket)).toEqual([]);
    expect(await save(store, KEY, video)).toMatchObject({ key: KEY, ...contentOf(video) });
  });

  it('is named where the file is too short', async () => {
    const write = await begin(store, KEY, LARGE);
    await changeSpool((file) => file.truncate(PART_BYTES + 1));
    await expect(write.publish(contentOf(LARGE))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/temporary directory ".*" lost what it took.*TMPDIR/) as string,
    });
  });
});

describe('a bucket that cannot be used', () => {
  const RIGHTS = ['s3:ListBucket', 's3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'];
  const secret = 'test-secret-0123456789abcdef';

  async function refusal(tried: VideoStore): Promise<string> {
    const error: unknown = await tried.check(KEY, { overwrite: false }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: 'StorageFailed' });
    const { message } = error as Error;
    expect(message).not.toContain(secret);
    expect(message).not.toContain('Signature=');
    return message;
  }

  it('because it is missing, is told before the submit', async () => {
    expect(await refusal(storeAt('s3://no-such-bucket'))).toMatch(/bucket does not exist.*NoSuchBucket/);
  });

  it('because of wrong credentials', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    expect(await refusal(storeAt(`s3://${bucket}`))).toMatch(/credentials are refused.*SignatureDoesNotMatch/);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
    expect(await refusal(storeAt(`s3://${bucket}`))).toMatch(/credentials are refused/);
  });

  it('because there are no credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    expect(await refusal(storeAt(`s3://${bucket}`))).toContain('no AWS credentials were found');
  });

  it('because nothing answers', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    expect(await refusal(storeAt(`s3://${bucket}`, endpoint))).toMatch(/cannot be reached.*ECONNREFUSED/);
  });

  it('because AWS is meant and no region is set', async () => {
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_DEFAULT_REGION', undefined);
    expect(await refusal(storeAt(`s3://${bucket}`, null))).toContain('set AWS_REGION');
  });

  it('because the rights are missing, or only some of them', async () => {
    const user = await server.newUser();
    for (const [name, value] of Object.entries(user)) vi.stubEnv(name, value);
    expect(await refusal(storeAt(`s3://${bucket}`))).toMatch(/do not allow it; grant s3:ListBucket.*AccessDenied/);
    await allow(user.AWS_ACCESS_KEY_ID, ['s3:ListBucket', 's3:GetObject']);
    expect(await refusal(storeAt(`s3://${bucket}`))).toMatch(/AccessDenied/);
    await allow(user.AWS_ACCESS_KEY_ID, RIGHTS);
    for (const video of [SMALL, LARGE]) {
      const mine = storeAt(`s3://${bucket}`);
      await mine.check(`${video.length}.mp4`, { overwrite: false });
      await save(mine, `${video.length}.mp4`, video);
    }
    expect(await server.everything(bucket)).toHaveLength(2);
  });

  it.each(['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'])(
    'because %s is missing, which is named',
    async (missing) => {
      const user = await server.newUser();
      for (const [name, value] of Object.entries(user)) vi.stubEnv(name, value);
      await allow(
        user.AWS_ACCESS_KEY_ID,
        RIGHTS.filter((right) => right !== missing),
      );
      expect(await refusal(storeAt(`s3://${bucket}`))).toContain(`do not allow ${missing}; grant it`);
    },
  );

  it('because it lists nothing of what was written', async () => {
    proxy.fate = ({ kind }) => (kind === 'GET list' ? { status: 200, body: '<ListBucketResult/>' } : 'pass');
    expect(await refusal(store)).toContain('does not list what was written a moment ago');
    expect(await server.everything(bucket)).toEqual([]);
  });

  it.each(['if-none-match', 'if-match'])('because the service does not know %s', async (header) => {
    proxy.fate = ({ condition }) => (condition === header ? 'not-implemented' : 'pass');
    expect(await refusal(store)).toMatch(new RegExp(`does not know ${header};`, 'i'));
    expect(await server.everything(bucket)).toEqual([]);
  });

  it('because something on the way changes the ETags of objects', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT' ? 'weaken-etag' : 'pass');
    expect(await refusal(store)).toMatch(/does not know an object by the ETag that it gave it \(If-Match\)/);
    expect(await server.everything(bucket)).toEqual([]);
  });

  it('because it gives objects no ETag', async () => {
    proxy.fate = ({ kind }) => (kind === 'PUT' ? { status: 200 } : 'pass');
    expect(await refusal(store)).toContain('gives objects no ETag');
  });

  it.each(['PUT', 'POST upload'])('because the service takes no notice of If-None-Match in a %s', async (deaf) => {
    proxy.fate = ({ kind, condition }) => (kind === deaf && condition === 'if-none-match' ? 'pretend' : 'pass');
    expect(await refusal(store)).toMatch(/replaces an object that it was told to keep/);
    expect(await server.everything(bucket)).toEqual([]);
  });

  async function allow(user: string, actions: readonly string[]): Promise<void> {
    const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const inBucket = actions.filter((action) => action === 's3:ListBucket');
    const inObjects = actions.filter((action) => action !== 's3:ListBucket');
    const Statement = [
      { Effect: 'Allow', Principal: user, Action: inBucket, Resource: Resource[0] },
      { Effect: 'Allow', Principal: user, Action: inObjects, Resource: Resource[1] },
    ];
    await client.send(
      new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    );
  }
});
