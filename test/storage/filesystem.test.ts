import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { siblingKey } from '../../src/contract/output-key.js';
import { FileSystemStore } from '../../src/storage/filesystem.js';
import { newPartName } from '../../src/storage/part-file.js';
import {
  begin,
  contentOf,
  OWNER,
  save,
  videoStoreSuite,
  type StoreUnderTest,
} from '../conformance/video-store.suite.js';
import { compileBrokenDisk, type DiskFault } from './broken-disk.js';
import type { ChildAnswer, ChildTask } from './child.js';
import { compileChild, runChild, startChild } from './child-process.js';
import { mountSmallDisk, type SmallDisk } from './small-disk.js';

const VIDEO = Buffer.alloc(4_000, 'video');
const PART = /^\.longtake-[0-9a-f]{24}-[0-9a-f]{12}\.part$/;

let base: string;
let root: string;
let store: FileSystemStore;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'longtake-storage-')));
  root = path.join(base, 'videos');
  store = new FileSystemStore(root);
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

async function fileSystemPlace(): Promise<StoreUnderTest> {
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-suite-'));
  const file = (key: string): string => path.join(directory, ...key.split('/'));
  return {
    store: new FileSystemStore(directory),
    async put(key, content) {
      await mkdir(path.dirname(file(key)), { recursive: true });
      await writeFile(file(key), content);
    },
    get: (key) => readFile(file(key)).catch(() => null),
    everything: () => filesBelow(directory),
    close: () => rm(directory, { recursive: true }),
  };
}

videoStoreSuite('the file system', fileSystemPlace);

describe('what a dead attempt left', () => {
  it('and nobody may remove is told, and keeps no video from being saved', async () => {
    await begin(store, 'greenhouse.mp4', VIDEO);
    const stuck = newPartName('greenhouse.mp4', OWNER);
    await mkdir(path.join(root, stuck)); // as little to be unlinked as the file of another user in a sticky folder
    const leftovers: Error[] = [];
    const write = await store.open('greenhouse.mp4', {
      owner: OWNER,
      overwrite: false,
      onLeftover: (error) => leftovers.push(error),
    });
    await write.write(VIDEO);
    expect(await write.publish(contentOf(VIDEO))).toMatchObject({ key: 'greenhouse.mp4' });
    expect((await readdir(root)).sort()).toEqual([stuck, 'greenhouse.mp4']);
    expect(leftovers.map(({ message }) => message)).toEqual([
      expect.stringContaining('Removing unfinished files of "greenhouse.mp4"'),
    ]);
    await expect(store.sweep('greenhouse.mp4', OWNER)).rejects.toMatchObject({ type: 'StorageFailed' });
  });
});

describe('the root', () => {
  it('is created on first use, not before, and not by a check', async () => {
    await store.check('a/greenhouse.mp4', { overwrite: false });
    await store.find('a/greenhouse.mp4');
    await store.sweep('a/greenhouse.mp4', OWNER);
    expect(await readdir(base)).toEqual([]);
    await save(store, 'a/greenhouse.mp4', VIDEO);
    expect(await filesBelow(root)).toEqual(['a/greenhouse.mp4']);
  });

  it('may itself be a symbolic link, and addresses name it as it was configured', async () => {
    await mkdir(path.join(base, 'elsewhere'));
    await symlink(path.join(base, 'elsewhere'), root);
    const { uri } = await save(store, 'a b/greenhouse.mp4', VIDEO);
    expect(fileURLToPath(uri)).toBe(path.join(root, 'a b', 'greenhouse.mp4'));
    expect(await filesBelow(path.join(base, 'elsewhere'))).toEqual(['a b/greenhouse.mp4']);
  });

  it('that is a file is refused before anything is submitted', async () => {
    await writeFile(root, 'a file');
    await expect(store.check('a/greenhouse.mp4', { overwrite: false })).rejects.toMatchObject({
      type: 'StorageFailed',
    });
    await expect(store.check('greenhouse.mp4', { overwrite: false })).rejects.toMatchObject({ type: 'StorageFailed' });
  });

  it('may be removed between two videos', async () => {
    await save(store, 'one.mp4', VIDEO);
    await rm(root, { recursive: true });
    await save(store, 'two.mp4', VIDEO);
    expect(await filesBelow(root)).toEqual(['two.mp4']);
  });

  it('leaves no folder behind after a check of a key in new folders', async () => {
    await mkdir(root);
    await store.check('a/b/c.mp4', { overwrite: false });
    expect(await readdir(root)).toEqual([]);
  });
});

it('what a check left whose process died is swept by the next one of the same run', async () => {
  await mkdir(root);
  const checking = { ...OWNER, jobId: '' };
  await writeFile(path.join(root, newPartName('greenhouse.mp4', checking)), '');
  const others = newPartName('greenhouse.mp4', { ...checking, runId: 'another' });
  await writeFile(path.join(root, others), '');
  await store.check('greenhouse.mp4', { overwrite: false, owner: checking });
  expect(await readdir(root)).toEqual([others]);
});

describe('an unfinished file', () => {
  it('is hidden, short in name whatever the key, and in the folder of the finished one', async () => {
    const key = `folder/${'x'.repeat(250)}.mp4`;
    const write = await begin(store, key, VIDEO);
    const [part] = await readdir(path.join(root, 'folder'));
    expect(part).toMatch(PART);
    await write.publish(contentOf(VIDEO));
    expect(await filesBelow(root)).toEqual([key]);
  });

  it('that somebody shortened is not published', async () => {
    const write = await begin(store, 'greenhouse.mp4', VIDEO);
    const [part] = await readdir(root);
    await writeFile(path.join(root, part ?? ''), 'short');
    await expect(write.publish(contentOf(VIDEO))).rejects.toMatchObject({ type: 'StorageFailed' });
  });
});

describe('a file under the key', () => {
  it('that has not the length of what is looked for is not read', async () => {
    await mkdir(root);
    await writeFile(path.join(root, 'greenhouse.mp4'), '');
    await truncate(path.join(root, 'greenhouse.mp4'), 200 * 1024 ** 3); // takes minutes to read
    expect(await store.find('greenhouse.mp4', { bytes: VIDEO.length })).toBeNull();
  });

  it.skipIf(process.platform !== 'linux')('is compared no further once the transfer has ended', async () => {
    const [video, other] = [Buffer.alloc(8 * 1024 ** 2, 1), Buffer.alloc(8 * 1024 ** 2, 2)];
    const write = await begin(store, 'greenhouse.mp4', video);
    const file = path.join(root, 'greenhouse.mp4');
    await writeFile(file, other);
    const published = write.publish(contentOf(video));
    published.catch(() => undefined);
    while (!openFiles().includes(file)) await nextTurn(); // several turns pass before it is read
    await write.discard();
    await expect(published).rejects.toThrow('has ended already');
    expect(await filesBelow(root)).toEqual(['greenhouse.mp4']);
  });
});

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the folder's own
    }
  });
}

describe('symbolic links', () => {
  let outside: string;

  beforeEach(async () => {
    outside = path.join(base, 'outside');
    await mkdir(outside);
    await mkdir(path.join(root, 'inside'), { recursive: true });
  });

  const refusal = { type: 'InvalidRequest', message: expect.stringContaining('leads out') as string };

  it.each([
    ['a link to a folder outside', () => outside],
    ['a relative link', () => '../outside'],
    ['a link to the folder above the root', () => '..'],
    ['a link to a folder whose name begins like the root', () => `${root}-more`],
    ['a link to a link that leads out', () => 'second'],
  ])('%s is not followed out of the root', async (_name, target) => {
    await mkdir(`${root}-more`);
    await symlink(outside, path.join(root, 'second'));
    await symlink(target(), path.join(root, 'link'));
    for (const key of ['link/greenhouse.mp4', 'link/new/greenhouse.mp4']) {
      await expect(store.check(key, { overwrite: true })).rejects.toMatchObject(refusal);
      await expect(store.open(key, { owner: OWNER, overwrite: true })).rejects.toMatchObject(refusal);
      await expect(store.find(key)).rejects.toMatchObject(refusal);
      await expect(store.sweep(key, OWNER)).rejects.toMatchObject(refusal);
    }
    expect(await readdir(outside)).toEqual([]);
    expect(await readdir(`${root}-more`)).toEqual([]);
  });

  it('that stay inside are followed', async () => {
    await symlink('inside', path.join(root, 'link'));
    await store.check('link/greenhouse.mp4', { overwrite: false });
    await save(store, 'link/greenhouse.mp4', VIDEO);
    expect(await readFile(path.join(root, 'inside', 'greenhouse.mp4'))).toEqual(VIDEO);
  });

  it.each(['nowhere', 'loop'])('that lead nowhere or in a circle are refused (%s)', async (target) => {
    await symlink(target, path.join(root, 'loop'));
    await expect(store.check('loop/a.mp4', { overwrite: false })).rejects.toMatchObject({ type: 'StorageFailed' });
    await expect(store.open('loop/a.mp4', { owner: OWNER, overwrite: false })).rejects.toMatchObject({
      type: 'StorageFailed',
    });
  });

  it('at the final name are never followed: a conflict for check, nothing for find, other content for publish', async () => {
    const secret = path.join(outside, 'secret');
    await writeFile(secret, VIDEO);
    await symlink(secret, path.join(root, 'greenhouse.mp4'));
    await expect(store.check('greenhouse.mp4', { overwrite: false })).rejects.toMatchObject({
      type: 'OutputConflict',
      message: expect.stringContaining('symbolic link') as string,
    });
    expect(await store.find('greenhouse.mp4')).toBeNull();
    expect((await save(store, 'greenhouse.mp4', VIDEO)).key).not.toBe('greenhouse.mp4');
    expect(await readlink(path.join(root, 'greenhouse.mp4'))).toBe(secret);
  });

  it('at the final name are replaced with overwrite; what they point to stays', async () => {
    const precious = path.join(outside, 'precious');
    await writeFile(precious, 'precious');
    await symlink(precious, path.join(root, 'greenhouse.mp4'));
    await store.check('greenhouse.mp4', { overwrite: true });
    await save(store, 'greenhouse.mp4', VIDEO, { overwrite: true });
    expect((await lstat(path.join(root, 'greenhouse.mp4'))).isFile()).toBe(true);
    expect(await readFile(precious, 'utf8')).toBe('precious');
  });

  it.each(['videos', 'videos/a'])('that are set to another folder meanwhile (%s) stop the publish', async (place) => {
    const link = path.join(base, place);
    const targets = ['v1', 'v2'].map((name) => path.join(path.dirname(link), name));
    await mkdir(path.dirname(link), { recursive: true });
    await rm(link, { recursive: true, force: true });
    for (const target of targets) await mkdir(target);
    await symlink('v1', link);
    const write = await begin(store, 'a/greenhouse.mp4', VIDEO);
    await rm(link);
    await symlink('v2', link);
    await expect(write.publish(contentOf(VIDEO))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('leads to another folder now') as string,
    });
    await write.discard();
    expect((await Promise.all(targets.map(filesBelow))).flat()).toEqual([]);
    const { uri } = await save(store, 'a/greenhouse.mp4', VIDEO);
    expect(await readFile(fileURLToPath(uri))).toEqual(VIDEO);
  });

  it('that replace the folder while the video is written stop the publish', async () => {
    const write = await begin(store, 'inside/greenhouse.mp4', VIDEO);
    const moved = path.join(outside, 'moved');
    await rename(path.join(root, 'inside'), moved);
    await symlink(moved, path.join(root, 'inside'));
    await expect(write.publish(contentOf(VIDEO))).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringContaining('replaced by a symbolic link') as string,
    });
    expect(await readdir(moved)).toEqual([expect.stringMatching(PART)]);
  });
});

describe('folders in the way', () => {
  it.each([false, true])(
    'a folder under the key is a conflict before the submit (overwrite: %s)',
    async (overwrite) => {
      await mkdir(path.join(root, 'greenhouse.mp4'), { recursive: true });
      await expect(store.check('greenhouse.mp4', { overwrite })).rejects.toMatchObject({
        type: 'OutputConflict',
        message: expect.stringContaining('is a folder') as string,
      });
      expect(await store.find('greenhouse.mp4')).toBeNull();
    },
  );

  it.each([false, true])(
    'a paid video is saved beside a folder that appeared meanwhile (overwrite: %s)',
    async (overwrite) => {
      await mkdir(path.join(root, 'greenhouse.mp4'), { recursive: true });
      const stored = await save(store, 'greenhouse.mp4', VIDEO, { overwrite });
      expect(await filesBelow(root)).toEqual([stored.key]);
      expect(await readdir(path.join(root, 'greenhouse.mp4'))).toEqual([]);
    },
  );

  it('a file where the key needs a folder is named', async () => {
    await mkdir(root);
    await writeFile(path.join(root, 'clips'), 'a file');
    const refusal = {
      type: 'StorageFailed',
      message: expect.stringContaining(`"${path.join(root, 'clips')}" is not a folder`) as string,
    };
    await expect(store.check('clips/a.mp4', { overwrite: false })).rejects.toMatchObject(refusal);
    await expect(store.open('clips/a.mp4', { owner: OWNER, overwrite: false })).rejects.toMatchObject(refusal);
  });
});

describe('a path that is too long', () => {
  it('is refused before the submit', async () => {
    let deep = base;
    while (deep.length < 3400) deep = path.join(deep, 'd'.repeat(200));
    const far = new FileSystemStore(deep);
    const key = Array.from({ length: 4 }, () => 'k'.repeat(200)).join('/');
    const refusal = { type: 'StorageFailed', message: expect.stringContaining('ENAMETOOLONG') as string };
    await expect(far.check(key, { overwrite: false })).rejects.toMatchObject(refusal);
    await expect(far.open(key, { owner: OWNER, overwrite: false })).rejects.toMatchObject(refusal);
  });
});

describe('a real disk of one megabyte', async () => {
  const probeDisk = await mountSmallDisk();
  await probeDisk?.remove();

  describe.skipIf(probeDisk === null)('(needs the right to mount)', () => {
    let disk: SmallDisk;

    beforeEach(async () => {
      const mounted = await mountSmallDisk();
      if (mounted === null) throw new Error('mount worked a moment ago');
      disk = mounted;
      store = new FileSystemStore(path.join(disk.directory, 'videos'));
    });

    afterEach(async () => {
      await disk.remove();
    });

    const full = { type: 'StorageFailed', message: expect.stringContaining('the disk is full') as string };

    it('that fills up in the middle fails the write, and the discard gives the space back', async () => {
      const write = await store.open('greenhouse.mp4', { owner: OWNER, overwrite: false });
      await write.write(Buffer.alloc(600_000));
      await expect(write.write(Buffer.alloc(600_000))).rejects.toMatchObject(full);
      await write.discard();
      expect(await filesBelow(disk.directory)).toEqual([]);
      await save(store, 'greenhouse.mp4', Buffer.alloc(600_000));
    });

    it('that is full fails the check, and shows no file', async () => {
      await fill(disk.directory);
      await expect(store.check('greenhouse.mp4', { overwrite: false })).rejects.toMatchObject(full);
      expect(await filesBelow(disk.directory)).toEqual(['ballast']);
    });

    it('that is read-only fails check and open', async () => {
      await disk.makeReadOnly();
      const refusal = { type: 'StorageFailed', message: expect.stringContaining('read-only') as string };
      await expect(store.check('greenhouse.mp4', { overwrite: false })).rejects.toMatchObject(refusal);
      await expect(store.open('greenhouse.mp4', { owner: OWNER, overwrite: false })).rejects.toMatchObject(refusal);
    });

    it('whose folder is moved away while the video is written fails the publish with nothing visible', async () => {
      const write = await begin(store, 'greenhouse.mp4', VIDEO);
      await rename(path.join(disk.directory, 'videos'), path.join(disk.directory, 'moved'));
      await expect(write.publish(contentOf(VIDEO))).rejects.toMatchObject({ type: 'StorageFailed' });
      await write.discard();
    });
  });
});

async function fill(directory: string): Promise<void> {
  await writeFile(path.join(directory, 'ballast'), Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
}

// The library that breaks it is compiled once; see there for where this can run.
const disk = await compileBrokenDisk();

describe('in a process of its own', () => {
  let program: string;
  let compiled: string;

  beforeAll(async () => {
    ({ program, directory: compiled } = await compileChild());
  });

  afterAll(async () => {
    await rm(compiled, { recursive: true });
  });

  it('a SIGKILL in the middle leaves an unfinished file only, which the next attempt sweeps', async () => {
    const child = startChild(program, { root, key: 'greenhouse.mp4', action: 'hold', bytes: 50_000 });
    expect(await child.answer()).toEqual({ outcome: 'written' });
    const exited = once(child.process, 'exit');
    child.process.kill('SIGKILL');
    await exited;
    expect(await filesBelow(root)).toEqual([expect.stringMatching(PART)]);
    expect(await store.find('greenhouse.mp4')).toBeNull();
    await save(store, 'greenhouse.mp4', VIDEO);
    expect(await filesBelow(root)).toEqual(['greenhouse.mp4']);
  });

  it('a file over the process limit is refused and leaves nothing', async () => {
    const task = { root, key: 'greenhouse.mp4', action: 'save', bytes: 1_000_000 } as const;
    expect(await runChild(program, task, 'ulimit -f 64')).toMatchObject({
      outcome: 'refused',
      type: 'StorageFailed',
      message: expect.stringContaining('ulimit -f') as string,
    });
    expect(await filesBelow(root)).toEqual([]);
  });

  it('a directory that the worker may not write to is refused before the submit', async () => {
    await mkdir(root);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) await chmod(root, 0o555);
    await chmod(base, 0o755);
    const stranger = isRoot ? { uid: 65_534 } : {}; // mode bits do not bind root
    for (const action of ['check', 'hold'] as const) {
      const answer = await runChild(program, { root, key: 'a/greenhouse.mp4', action, ...stranger });
      expect(answer).toMatchObject({
        outcome: 'refused',
        type: 'StorageFailed',
        message: expect.stringContaining('permission denied') as string,
      });
    }
  });

  it('that has no file descriptor left, it is refused in words', async () => {
    await mkdir(root);
    for (const action of ['check', 'hold'] as const) {
      const task = { root, key: 'greenhouse.mp4', action, starve: true };
      expect(await runChild(program, task, 'ulimit -n 64')).toMatchObject({
        outcome: 'refused',
        type: 'StorageFailed',
        message: expect.stringContaining('ulimit -n') as string,
      });
    }
    expect(await filesBelow(root)).toEqual([]);
  });

  describe.skipIf(disk === null)('with a disk that cannot do (needs Linux and a C compiler)', () => {
    const trouble = {
      outcome: 'refused',
      type: 'StorageFailed',
      message: expect.stringMatching(/disk.*EIO/) as string,
    };
    const bytes = 50_000;
    const key = 'folder/greenhouse.mp4';

    beforeEach(async () => {
      await disk?.break();
    });
    afterAll(async () => {
      await disk?.remove();
    });

    async function perform(action: ChildTask['action'], fault: DiskFault): Promise<ChildAnswer> {
      return await runChild(program, { root, key, action, bytes }, undefined, disk?.environment(fault));
    }

    it.each(['check', 'publish'] as const)('a file: %s fails in words and leaves nothing', async (action) => {
      await mkdir(path.join(root, 'folder'), { recursive: true });
      expect(await perform(action, 'file')).toMatchObject(trouble);
      expect(await filesBelow(root)).toEqual([]);
      await disk?.mend();
      expect(await perform(action, 'file')).toEqual({ outcome: 'done' });
    });

    it('a new folder: it is taken back, so that nobody takes it for durable', async () => {
      expect(await perform('publish', 'folder')).toMatchObject(trouble);
      expect(await readdir(base)).toEqual([]);
      await disk?.mend();
      expect(await perform('publish', 'folder')).toEqual({ outcome: 'done' });
      expect(await filesBelow(root)).toEqual([key]);
    });

    it('the name of the finished file: publish and find say so until it is kept, and the whole file is there', async () => {
      await mkdir(path.join(root, 'folder'), { recursive: true });
      for (const action of ['publish', 'find', 'publish'] as const) {
        expect(await perform(action, 'folder')).toMatchObject(trouble);
        expect(await filesBelow(root)).toEqual([key]);
        expect(await readFile(path.join(root, key))).toEqual(Buffer.alloc(bytes));
      }
      await disk?.mend();
      for (const action of ['find', 'publish'] as const) {
        expect(await perform(action, 'folder')).toEqual({ outcome: 'done' });
      }
      expect(await filesBelow(root)).toEqual([key]);
    });

    // FAT and many network file systems have no links; across a quota's border there are none either.
    it.each(['EPERM', 'EXDEV'] as const)('a link (%s): the video is saved all the same, or beside', async (fault) => {
      expect(await perform('publish', fault)).toEqual({ outcome: 'done' });
      expect(await filesBelow(root)).toEqual([key]);
      await writeFile(path.join(root, key), 'other');
      expect(await perform('publish', fault)).toEqual({ outcome: 'done' });
      const beside = siblingKey(key, OWNER.jobId);
      expect(await filesBelow(root)).toEqual([beside, key].sort());
      expect(await readFile(path.join(root, key), 'utf8')).toBe('other');
      expect(await readFile(path.join(root, beside))).toEqual(Buffer.alloc(bytes));
    });
  });
});
