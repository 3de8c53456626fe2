import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { siblingKey } from '../../src/contract/output-key.js';
import type { StoredVideo, VideoStore, VideoWrite, WriteOwner } from '../../src/storage/port.js';

/** A store over a place of its own, and a way to look into that place past the store. */
export interface StoreUnderTest {
  readonly store: VideoStore;
  /** Puts content under a key, as another program would. */
  put(key: string, content: Uint8Array): Promise<void>;
  get(key: string): Promise<Buffer | null>;
  /** Keys of all that is stored, sorted: finished files by their key, unfinished ones by any name. */
  everything(): Promise<string[]>;
  /** Removes the place. */
  close(): Promise<void>;
}

export const OWNER: WriteOwner = { workflowId: 'greenhouse', runId: 'run-1', jobId: 'gen-vid-1789480874-Ab3d' };
const SIBLING = siblingKey('greenhouse.mp4', OWNER.jobId);

export function contentOf(video: Uint8Array): { sha256: string; bytes: number } {
  return { sha256: createHash('sha256').update(video).digest('hex'), bytes: video.length };
}

/** Writes `video` in a few uneven pieces. */
export async function begin(
  store: VideoStore,
  key: string,
  video: Uint8Array,
  { owner = OWNER, overwrite = false }: { owner?: WriteOwner; overwrite?: boolean } = {},
): Promise<VideoWrite> {
  const write = await store.open(key, { owner, overwrite });
  const piece = Math.ceil(video.length / 3) + 1;
  for (let at = 0; at < video.length; at += piece) await write.write(video.subarray(at, at + piece));
  return write;
}

export async function save(
  store: VideoStore,
  key: string,
  video: Uint8Array,
  options?: { owner?: WriteOwner; overwrite?: boolean },
): Promise<StoredVideo> {
  return await (await begin(store, key, video, options)).publish(contentOf(video));
}

/** What every `VideoStore` promises (see `src/storage/port.ts`), whatever it stores in. */
export function videoStoreSuite(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the promises of a video store`, () => {
    const video = randomBytes(4_000);
    const other = randomBytes(1_000);
    let place: StoreUnderTest;
    let store: VideoStore;
    let dead: VideoWrite[];

    beforeEach(async () => {
      place = await makeStore();
      store = place.store;
      dead = [];
    });

    afterEach(async () => {
      for (const write of dead) await write.discard(); // frees what only the death of a process would free
      await place.close();
    });

    describe('saving', () => {
      it('makes the video visible under its key, with length, sha256 and an absolute address', async () => {
        const stored = await save(store, 'greenhouse.mp4', video);
        expect(stored).toEqual({ key: 'greenhouse.mp4', ...contentOf(video), uri: expect.any(String) as string });
        expect(new URL(stored.uri).pathname).toMatch(/\/greenhouse\.mp4$/);
        expect(await place.get('greenhouse.mp4')).toEqual(video);
        expect(await place.everything()).toEqual(['greenhouse.mp4']);
      });

      it('shows nothing under the final name before publish', async () => {
        const write = await begin(store, 'greenhouse.mp4', video);
        expect(await place.get('greenhouse.mp4')).toBeNull();
        expect(await store.find('greenhouse.mp4')).toBeNull();
        await write.publish(contentOf(video));
        expect(await place.get('greenhouse.mp4')).toEqual(video);
      });

      it.each(['a/b/c/greenhouse.mp4', 'ein Gewächshaus ☀ 100%#1.mp4', 'no-extension', `${'x'.repeat(251)}.mp4`])(
        'takes the key %s',
        async (key) => {
          await store.check(key, { overwrite: false });
          const stored = await save(store, key, video);
          expect(stored.key).toBe(key);
          expect(decodeURIComponent(new URL(stored.uri).pathname)).toContain(key);
          expect(await place.get(key)).toEqual(video);
        },
      );

      it('takes pieces of any size, and lets the caller reuse its buffer', async () => {
        const write = await store.open('pieces.mp4', { owner: OWNER, overwrite: false });
        const buffer = Buffer.alloc(4096);
        const sizes = [0, 1, 4096, 7, 4000, 0];
        for (const [index, size] of sizes.entries()) await write.write(buffer.fill(index).subarray(0, size));
        const expected = Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index)));
        await write.publish(contentOf(expected));
        expect(await place.get('pieces.mp4')).toEqual(expected);
      });

      it('keeps the order of pieces of a caller who does not wait', async () => {
        const write = await store.open('order.mp4', { owner: OWNER, overwrite: false });
        await Promise.all([0, 1, 2, 3].map((part) => write.write(video.subarray(part * 1_000, (part + 1) * 1_000))));
        await write.publish(contentOf(video));
        expect(await place.get('order.mp4')).toEqual(video);
      });

      it('saves many videos at once, each under its own key', async () => {
        const videos = Array.from({ length: 20 }, () => randomBytes(2_000));
        await Promise.all(videos.map((content, index) => save(store, `batch/${index}.mp4`, content)));
        for (const [index, content] of videos.entries()) expect(await place.get(`batch/${index}.mp4`)).toEqual(content);
        expect(await place.everything()).toHaveLength(20);
      });

      it('refuses to publish when fewer or more bytes came than were announced', async () => {
        for (const bytes of [video.length - 1, video.length + 1]) {
          const write = await begin(store, 'greenhouse.mp4', video);
          await expect(write.publish({ ...contentOf(video), bytes })).rejects.toMatchObject({ type: 'StorageFailed' });
          await write.discard();
        }
        expect(await place.everything()).toEqual([]);
      });
    });

    describe('a key that is taken', () => {
      it('is success when it holds the same content, as after a lost answer', async () => {
        const first = await save(store, 'greenhouse.mp4', video);
        expect(await save(store, 'greenhouse.mp4', video)).toEqual(first);
        expect(await place.everything()).toEqual(['greenhouse.mp4']);
      });

      it('keeps other content; the video goes beside it, and the result says so', async () => {
        await place.put('greenhouse.mp4', other);
        const stored = await save(store, 'greenhouse.mp4', video);
        expect(stored.key).toBe(SIBLING);
        expect(new URL(stored.uri).pathname).toContain(encodeURI(SIBLING));
        expect(await place.get('greenhouse.mp4')).toEqual(other);
        expect(await place.get(SIBLING)).toEqual(video);
        expect(await save(store, 'greenhouse.mp4', video)).toEqual(stored);
        expect(await place.everything()).toEqual([SIBLING, 'greenhouse.mp4'].sort());
      });

      it('keeps other content of the same length too', async () => {
        const same = Buffer.from(video).fill(0, 0, 1000);
        await place.put('greenhouse.mp4', same);
        expect((await save(store, 'greenhouse.mp4', video)).key).toBe(SIBLING);
        expect(await place.get('greenhouse.mp4')).toEqual(same);
      });

      it('fails without touching anything when its sibling has other content as well', async () => {
        await place.put('greenhouse.mp4', other);
        await place.put(SIBLING, other);
        const write = await begin(store, 'greenhouse.mp4', video);
        await expect(write.publish(contentOf(video))).rejects.toMatchObject({
          type: 'StorageFailed',
          message: expect.stringContaining('hold other content') as string,
        });
        await write.discard();
        expect(await place.get('greenhouse.mp4')).toEqual(other);
        expect(await place.get(SIBLING)).toEqual(other);
        expect(await place.everything()).toHaveLength(2);
      });

      it('is refused by a check, which sweeps what the same owner has left all the same', async () => {
        const owner = { ...OWNER, jobId: '' };
        dead.push(await begin(store, 'greenhouse.mp4', video, { owner }));
        await place.put('greenhouse.mp4', other);
        expect(await place.everything()).toHaveLength(2);
        await expect(store.check('greenhouse.mp4', { overwrite: false, owner })).rejects.toMatchObject({
          type: 'OutputConflict',
        });
        expect(await place.everything()).toEqual(['greenhouse.mp4']);
      });

      it.each([false, true])('is refused by a check where it is a folder (overwrite: %s)', async (overwrite) => {
        await place.put('greenhouse.mp4/inside.mp4', other);
        await expect(store.check('greenhouse.mp4', { overwrite })).rejects.toMatchObject({
          type: 'OutputConflict',
          message: expect.stringMatching(/is a folder; choose another output key \(--output\)\.$/) as string,
        });
        expect(await place.everything()).toEqual(['greenhouse.mp4/inside.mp4']);
      });

      it.each([false, true])(
        'as a folder that appeared meanwhile has the video beside it (overwrite: %s)',
        async (overwrite) => {
          const write = await begin(store, 'greenhouse.mp4', video, { overwrite });
          await place.put('greenhouse.mp4/inside.mp4', other);
          expect((await write.publish(contentOf(video))).key).toBe(SIBLING);
          expect(await place.get(SIBLING)).toEqual(video);
          expect(await place.everything()).toEqual([SIBLING, 'greenhouse.mp4/inside.mp4'].sort());
        },
      );

      it('is replaced with overwrite', async () => {
        await place.put('greenhouse.mp4', other);
        expect((await save(store, 'greenhouse.mp4', video, { overwrite: true })).key).toBe('greenhouse.mp4');
        expect(await place.get('greenhouse.mp4')).toEqual(video);
        expect(await place.everything()).toEqual(['greenhouse.mp4']);
      });
    });

    describe('check', () => {
      it('passes for a free key and leaves nothing behind', async () => {
        await store.check('greenhouse.mp4', { overwrite: false });
        await store.check('new/folder/greenhouse.mp4', { overwrite: false });
        expect(await place.everything()).toEqual([]);
      });

      it('refuses a taken key, unless it may be overwritten', async () => {
        await place.put('greenhouse.mp4', other);
        await expect(store.check('greenhouse.mp4', { overwrite: false })).rejects.toMatchObject({
          type: 'OutputConflict',
          message: expect.stringContaining('greenhouse.mp4') as string,
        });
        await store.check('greenhouse.mp4', { overwrite: true });
        expect(await place.get('greenhouse.mp4')).toEqual(other);
      });
    });

    describe('keys that could leave the root or mislead', () => {
      const keys = ['', '../out.mp4', 'a/../../out.mp4', '/out.mp4', 'C:/out.mp4', 'a\\b.mp4', 'a//b.mp4', './a.mp4'];
      const strange = ['nul\0.mp4', 'a\nb.mp4', 'CON.mp4', 'a\u2044b.mp4', 'end.', 'x'.repeat(256), '..'];

      const long = ['x'.repeat(300), `${'é'.repeat(148)}.mp4`, 'a/'.repeat(510) + 'b.mp4'];
      const lookAlike = [
        '\u2024\u2024/out.mp4',
        '\uff0e\uff0e/out.mp4',
        '..\u2215out.mp4',
        '\uff0fout.mp4',
        'a\u202e4pm.exe',
      ];

      it.each([...keys, ...strange, ...long, ...lookAlike])('%j is refused everywhere', async (key) => {
        const refusal = { type: 'InvalidRequest' };
        await expect(store.check(key, { overwrite: true })).rejects.toMatchObject(refusal);
        await expect(store.open(key, { owner: OWNER, overwrite: true })).rejects.toMatchObject(refusal);
        await expect(store.find(key)).rejects.toMatchObject(refusal);
        await expect(store.sweep(key, OWNER)).rejects.toMatchObject(refusal);
        expect(await place.everything()).toEqual([]);
      });
    });

    describe('find', () => {
      it('hashes what is there now, whoever put it', async () => {
        expect(await store.find('a/greenhouse.mp4')).toBeNull();
        const stored = await save(store, 'a/greenhouse.mp4', video);
        expect(await store.find('a/greenhouse.mp4')).toEqual(stored);
        await place.put('a/greenhouse.mp4', other);
        expect(await store.find('a/greenhouse.mp4')).toEqual({ ...stored, ...contentOf(other) });
      });

      it('ends when its caller has ended', async () => {
        await save(store, 'greenhouse.mp4', video);
        await expect(store.find('greenhouse.mp4', { signal: AbortSignal.abort() })).rejects.toThrow();
      });
    });

    describe('discard', () => {
      it('leaves nothing behind, before any byte, in the middle, and twice', async () => {
        const empty = await store.open('greenhouse.mp4', { owner: OWNER, overwrite: false });
        await empty.discard();
        const write = await begin(store, 'greenhouse.mp4', video);
        await write.discard();
        await write.discard();
        expect(await place.everything()).toEqual([]);
      });

      it('keeps the finished file when it comes after publish', async () => {
        const write = await begin(store, 'greenhouse.mp4', video);
        await write.publish(contentOf(video));
        await write.discard();
        expect(await place.get('greenhouse.mp4')).toEqual(video);
      });

      it('ends the transfer: what is written or published after it fails', async () => {
        const write = await begin(store, 'greenhouse.mp4', video);
        await write.discard();
        await expect(write.write(video)).rejects.toMatchObject({ type: 'StorageFailed' });
        await expect(write.publish(contentOf(video))).rejects.toMatchObject({ type: 'StorageFailed' });
        expect(await place.everything()).toEqual([]);
      });
    });

    describe('attempts that died', () => {
      it('are swept by the next attempt at the same key by the same owner', async () => {
        dead.push(await begin(store, 'greenhouse.mp4', video));
        dead.push(await begin(store, 'greenhouse.mp4', video));
        await save(store, 'greenhouse.mp4', video);
        expect(await place.everything()).toEqual(['greenhouse.mp4']);
      });

      it('are swept on request; finished files stay', async () => {
        await store.sweep('a/never-written.mp4', OWNER);
        await place.put('a/greenhouse.mp4', other);
        dead.push(await begin(store, 'a/greenhouse.mp4', video));
        await store.sweep('a/greenhouse.mp4', OWNER);
        expect(await place.everything()).toEqual(['a/greenhouse.mp4']);
      });

      it.each([
        ['another workflow', 'greenhouse.mp4', { workflowId: 'another' }],
        ['another run', 'greenhouse.mp4', { runId: 'run-2' }],
        ['another job', 'greenhouse.mp4', { jobId: 'job-2' }],
        ['another key', 'greenhouse-1.mp4', {}],
      ])('do not take the living with them: %s', async (_name, key, difference) => {
        const living = await begin(store, key, video, { owner: { ...OWNER, ...difference } });
        dead.push(await begin(store, 'greenhouse.mp4', other));
        await store.sweep('greenhouse.mp4', OWNER);
        expect(await living.publish(contentOf(video))).toMatchObject({ key, ...contentOf(video) });
        expect(await place.everything()).toEqual([key]);
      });

      it('cannot publish once they were swept, should they still live', async () => {
        const zombie = await begin(store, 'greenhouse.mp4', other);
        await store.sweep('greenhouse.mp4', OWNER);
        await expect(zombie.publish(contentOf(other))).rejects.toMatchObject({ type: 'StorageFailed' });
        expect(await place.everything()).toEqual([]);
      });

      it.each([false, true])(
        'find their twin, should it have finished the same video (overwrite: %s)',
        async (overwrite) => {
          const zombie = await begin(store, 'greenhouse.mp4', video, { overwrite });
          const stored = await save(store, 'greenhouse.mp4', video, { overwrite });
          expect(await zombie.publish(contentOf(video))).toEqual(stored);
          expect(await place.everything()).toEqual(['greenhouse.mp4']);
        },
      );

      it('find their twin beside other content', async () => {
        await place.put('greenhouse.mp4', other);
        const zombie = await begin(store, 'greenhouse.mp4', video);
        const stored = await save(store, 'greenhouse.mp4', video);
        expect(await zombie.publish(contentOf(video))).toEqual(stored);
        expect(stored.key).toBe(SIBLING);
      });
    });

    describe('two transfers that race for one key', () => {
      const rival: WriteOwner = { workflowId: 'another', runId: 'run-9', jobId: 'job-9' };

      it('both succeed with the same content', async () => {
        const writes = [
          await begin(store, 'greenhouse.mp4', video),
          await begin(store, 'greenhouse.mp4', video, { owner: rival }),
        ];
        const stored = await Promise.all(writes.map((write) => write.publish(contentOf(video))));
        expect(stored.map(({ key }) => key)).toEqual(['greenhouse.mp4', 'greenhouse.mp4']);
        expect(await place.everything()).toEqual(['greenhouse.mp4']);
      });

      it('are both saved with different content, one of them beside the other', async () => {
        const mine = await begin(store, 'greenhouse.mp4', video);
        const theirs = await begin(store, 'greenhouse.mp4', other, { owner: rival });
        const [first, second] = await Promise.all([mine.publish(contentOf(video)), theirs.publish(contentOf(other))]);
        expect(await place.get(first.key)).toEqual(video);
        expect(await place.get(second.key)).toEqual(other);
        expect(await place.everything()).toEqual([first.key, second.key].sort());
        expect([first.key, second.key]).toContain('greenhouse.mp4');
      });
    });
  });
}
