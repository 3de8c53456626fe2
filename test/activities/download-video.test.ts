import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createDownloadVideo, type DownloadProgress } from '../../src/activities/download-video.js';
import { ModelCatalog } from '../../src/activities/model-catalog.js';
import type { VideoAsset } from '../../src/contract/index.js';
import { createOpenRouter } from '../../src/openrouter/client.js';
import { FileSystemStore } from '../../src/storage/filesystem.js';
import { StorageError } from '../../src/storage/port.js';
import { box } from '../media/boxes.js';
import { CLIP, refusal, startProvider, video, type Call, type Handler, type Reply } from '../support/provider.js';

const INPUT = { jobId: 'job-1', index: 0, key: 'x.mp4', overwrite: false };
const OWNER = { workflowId: 'test', runId: '00000000-0000-0000-0000-000000000000', jobId: INPUT.jobId };
const PATIENCE = { 'retry-after': '40' };
const LONG = Buffer.concat([CLIP, box('free', Buffer.alloc(200_000))]);

interface Scene {
  readonly content?: Handler;
  readonly acknowledge?: () => Promise<void>;
  readonly before?: Partial<DownloadProgress>;
}

async function prepare({ content = () => video(), acknowledge = () => Promise.resolve(), before }: Scene) {
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-download-'));
  const provider = await startProvider({ content });
  onTestFinished(async () => {
    await provider.close();
    await rm(directory, { recursive: true });
  });
  const openRouter = createOpenRouter({ baseUrl: provider.baseUrl, apiKey: 'sk-or-test' });
  const store = new FileSystemStore(directory);
  const deps: ActivityDeps = {
    openRouter,
    models: new ModelCatalog(openRouter),
    store,
    temporal: {
      acknowledge,
      announceSending: () => Promise.resolve(),
      announceNoJob: () => Promise.resolve(),
      mayHaveSent: () => Promise.resolve(false),
      isWanted: () => Promise.resolve(true),
      cancelRun: () => Promise.resolve(),
      reportLateJob: () => Promise.resolve(true),
      ownersOf: () => Promise.resolve([]),
      mayPay: () => Promise.resolve(true),
      isOfOneStart: () => Promise.resolve(true),
      jobsOf: () => Promise.resolve([]),
    },
    settings: { maxVideoBytes: 1e6, webhookUrl: null, searchAttributes: false },
  };
  const environment = new MockActivityEnvironment({ heartbeatDetails: before });
  const pauses: number[] = [];
  const downloadVideo = createDownloadVideo(deps, (ms) => {
    pauses.push(ms);
    return Promise.resolve();
  });
  const run = (): Promise<VideoAsset> => environment.run(downloadVideo, INPUT);
  return { directory, environment, pauses, provider, run, store };
}

/** So many bytes of the file from where it was asked, and then a broken connection, unless that was all. */
function sends(counts: readonly number[], arrived: (bytes: number) => Promise<void>): Handler {
  return async ({ n, request, response }: Call) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      etag: '"1"',
      'content-length': String(LONG.length - from),
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${LONG.length - 1}/${LONG.length}` }),
    });
    const chunk = LONG.subarray(from, from + (counts[n - 1] ?? LONG.length));
    if (from + chunk.length === LONG.length) {
      response.end(chunk);
      return null;
    }
    response.write(chunk);
    // What a stream still holds when it breaks is lost.
    await arrived(from + chunk.length);
    response.destroy();
    return null;
  };
}

describe('a download', () => {
  it('asks a sender that breaks off at every byte less and less, and anew once it brings something', async () => {
    const { directory, pauses, provider, run } = await prepare({});
    provider.script.content = sends([1, 1, 1, 1, 1, 1, 1, 70_000, 1], async (bytes) => {
      await vi.waitUntil(() => holds(bytes), { timeout: 30_000 });
    });
    const holds = async (bytes: number) => {
      const [part = ''] = await readdir(directory);
      return (await stat(path.join(directory, part))).size === bytes;
    };
    expect((await run()).bytes).toBe(LONG.length);
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 0, 1_000]);
  });

  it('that is not continued says what broke it', async () => {
    const { directory, provider, run } = await prepare({});
    const half = sends([1_000], async (bytes) => {
      await expect
        .poll(async () => {
          const [part = ''] = await readdir(directory);
          return (await stat(path.join(directory, part))).size;
        })
        .toBe(bytes);
    });
    provider.script.content = (call) => (call.n === 1 ? half(call) : refusal(416, 'no'));
    await expect(run()).rejects.toMatchObject({
      type: 'DownloadFailed',
      message: expect.stringMatching(/The transfer broke off after 1000 bytes \(.+\)\. OpenRouter/) as string,
    });
  });

  describe('whose rest is refused for now', () => {
    /** 70,000 bytes, then the answers to each request for the rest, then the rest. */
    async function interrupted(answers: readonly Handler[]) {
      const scene = await prepare({});
      const bytes = async () => {
        const [part = ''] = await readdir(scene.directory);
        return (await stat(path.join(scene.directory, part))).size;
      };
      const file = sends([70_000], async (count) => {
        await vi.waitUntil(async () => (await bytes()) === count, { timeout: 30_000 });
      });
      scene.provider.script.content = (call) => (answers[call.n - 2] ?? file)(call);
      return scene;
    }
    const hangUp: Handler = ({ request }) => {
      request.socket.destroy();
      return null;
    };

    it('asks again, and keeps what came', async () => {
      const { pauses, provider, run } = await interrupted([
        () => refusal(503, 'restarting'),
        hangUp,
        () => refusal(429, 'slowly', { 'retry-after': '6' }),
      ]);
      expect((await run()).bytes).toBe(LONG.length);
      expect(provider.contents).toHaveLength(5);
      expect(pauses).toEqual([0, 1_000, 2_000, 6_000]);
    });

    it('gives up after fifteen seconds of pauses', async () => {
      const { directory, pauses, run } = await interrupted(Array<Handler>(9).fill(() => refusal(502, 'away')));
      await expect(run()).rejects.toMatchObject({
        type: 'DownloadFailed',
        message: expect.stringMatching(
          /The transfer broke off after 70000 bytes \(.+\)\. OpenRouter answered 502/,
        ) as string,
      });
      expect(pauses).toEqual([0, 1_000, 2_000, 4_000, 8_000]);
      expect(await readdir(directory)).toEqual([]);
    });

    it('holds no slot for a long Retry-After: the next attempt begins when it is over', async () => {
      const { provider, run } = await interrupted([() => refusal(503, 'later', { 'retry-after': '3600' })]);
      await expect(run()).rejects.toMatchObject({
        type: 'DownloadFailed',
        message: expect.stringContaining('later. The provider asks to wait 3600 s.') as string,
        nextRetryDelay: 3_600_000,
      });
      expect(provider.contents).toHaveLength(2);
    });

    it('asks no sooner than the broken transfer’s own answer said', async () => {
      const { pauses, provider, run } = await interrupted([]);
      const file = provider.script.content;
      provider.script.content = (call) => {
        if (call.n === 1) call.response.setHeader('retry-after', '6');
        return file?.(call) ?? null;
      };
      expect((await run()).bytes).toBe(LONG.length);
      expect(pauses).toEqual([6_000]);
    });

    it('holds no slot where the broken transfer’s own answer asked for long patience', async () => {
      const { pauses, provider, run } = await interrupted([]);
      const file = provider.script.content;
      provider.script.content = (call) => {
        call.response.setHeader('retry-after', '3600');
        return file?.(call) ?? null;
      };
      await expect(run()).rejects.toMatchObject({
        message: expect.stringContaining('The provider asks to wait 3600 s.') as string,
        nextRetryDelay: 3_600_000,
      });
      expect(pauses).toEqual([]);
      expect(provider.contents).toHaveLength(1);
    });

    it('hears of a cancel between two requests', async () => {
      const scene = await interrupted([
        () => {
          scene.environment.cancel('CANCELLED');
          return refusal(503, 'restarting');
        },
      ]);
      await expect(scene.run()).rejects.toThrow(CancelledFailure);
      expect(scene.provider.contents).toHaveLength(2);
    });
  });

  it.each<[string, string, Reply]>([
    ['a 404', 'DownloadFailed', refusal(404, 'not yet', PATIENCE)],
    ['a 401', 'AuthenticationFailed', refusal(401, 'no', PATIENCE)],
    ['a 403', 'PermissionDenied', refusal(403, 'no', PATIENCE)],
    ['a 429', 'DownloadFailed', refusal(429, 'no', PATIENCE)],
    ['a redirect to nowhere', 'DownloadFailed', { status: 302, headers: PATIENCE }],
    [
      'a forbidden redirect',
      'DownloadFailed',
      { status: 302, headers: { ...PATIENCE, location: 'https://10.0.0.1/' } },
    ],
    ['what is no video', 'InvalidVideo', { ...refusal(200, 'not yet', PATIENCE) }],
  ])('%s with Retry-After is asked again when that is over', async (_what, type, reply) => {
    const { run } = await prepare({ content: () => reply });
    await expect(run()).rejects.toMatchObject({
      type,
      nonRetryable: false,
      message: expect.stringContaining(' The provider asks to wait 40 s. See') as string,
      nextRetryDelay: 40_000,
    });
  });

  it('does not add up 404s that are not in a row', async () => {
    let before: Partial<DownloadProgress> = {};
    for (let n = 1; n < 10; n++) {
      const { environment, run } = await prepare({ before, content: () => refusal(n % 2 === 1 ? 404 : 503, 'no') });
      environment.on('heartbeat', (progress: DownloadProgress) => (before = progress));
      await expect(run()).rejects.toMatchObject({ type: 'DownloadFailed', nonRetryable: false });
    }
    expect(before).toMatchObject({ missing: 1 });
    expect((await (await prepare({ before })).run()).bytes).toBe(CLIP.length);
  });

  it('that is found finished leaves nothing of the attempt that died while it published', async () => {
    const first = await prepare({});
    const finished = await first.run();
    const { directory, provider, run, store } = await prepare({ before: { finished } });
    const published = await store.open(INPUT.key, { owner: { ...OWNER, jobId: 'another' }, overwrite: false });
    await published.write(CLIP);
    await published.publish({ bytes: CLIP.length, sha256: finished.sha256 });
    await published.discard();
    const left = await store.open(INPUT.key, { owner: OWNER, overwrite: false });
    await left.write(CLIP);
    expect(await readdir(directory)).toHaveLength(2);

    expect(await run()).toMatchObject({ key: 'x.mp4', sha256: finished.sha256 });
    expect(await readdir(directory)).toEqual(['x.mp4']);
    expect(provider.contents).toHaveLength(0);
    await left.discard();
  });

  it('that may be finished, and could not be looked at, is not lost whatever the provider says', async () => {
    const first = await prepare({});
    const finished = await first.run();
    const { directory, run, store } = await prepare({ before: { finished }, content: () => refusal(410, 'gone') });
    await writeFile(path.join(directory, 'x.mp4'), CLIP);
    const off = new StorageError('StorageFailed', 'Reading failed: the storage is off.');
    const find = vi.spyOn(store, 'find').mockRejectedValue(off);
    await expect(run()).rejects.toMatchObject({
      type: 'StorageFailed',
      nonRetryable: false,
      message: expect.stringMatching(/may be saved already, .*the storage is off/) as string,
    });
    find.mockRestore();
    expect(await run()).toMatchObject({ key: 'x.mp4', sha256: finished.sha256 });
  });

  it('that is cancelled while it hashes a file that may be finished ends at once', async () => {
    const finished = {
      ...INPUT,
      uri: '',
      bytes: 200 * 1024 ** 3,
      sha256: 'of another file',
      contentType: 'video/mp4',
    } as const;
    const facts = { durationSeconds: null, width: null, height: null };
    const { directory, environment, run } = await prepare({ before: { finished: { ...finished, ...facts } } });
    const file = path.join(directory, INPUT.key);
    await writeFile(file, '');
    await truncate(file, finished.bytes); // takes minutes to read
    const ended = run();
    setTimeout(() => {
      environment.cancel('CANCELLED');
    }, 100);
    await expect(ended).rejects.toThrow(CancelledFailure);
  });

  it('waits with the final name for a server that is away', async () => {
    let asked = 0;
    const { directory, run } = await prepare({
      acknowledge: () => {
        asked += 1;
        return asked < 3 ? Promise.reject(new Error('unavailable')) : Promise.resolve();
      },
    });
    await run();
    expect(asked).toBe(3);
    expect(await readFile(path.join(directory, 'x.mp4'))).toEqual(CLIP);
  });

  it('that is cancelled while it waits for the server ends at once, without a file', async () => {
    const { directory, environment, run } = await prepare({
      acknowledge: () => {
        environment.cancel('CANCELLED');
        return new Promise(() => undefined);
      },
    });
    await expect(run()).rejects.toThrow(CancelledFailure);
    expect(await readdir(directory)).toEqual([]);
  });
});
