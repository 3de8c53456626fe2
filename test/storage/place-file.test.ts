import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeFile, placeWithoutLinks, replaceFile } from '../../src/storage/place-file.js';
import { contentOf } from '../conformance/video-store.suite.js';

const VIDEO = Buffer.from('a whole video');

let directory: string;
let part: string;
let target: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'longtake-place-'));
  part = path.join(directory, 'part');
  target = path.join(directory, 'target');
  await writeFile(part, VIDEO);
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

// The second is for file systems without hard links, of which a test machine seldom has one.
describe.each([
  ['placeFile', placeFile],
  ['placeWithoutLinks', placeWithoutLinks],
])('%s', (_name, place) => {
  it('moves the file to a free name', async () => {
    expect(await place(part, target, contentOf(VIDEO))).toBe('placed');
    expect(await readdir(directory)).toEqual(['target']);
    expect(await readFile(target)).toEqual(VIDEO);
  });

  it('finds the same content in place and removes its own copy', async () => {
    await writeFile(target, VIDEO);
    const before = await lstat(target);
    expect(await place(part, target, contentOf(VIDEO))).toBe('placed');
    expect(await readdir(directory)).toEqual(['target']);
    expect((await lstat(target)).ino).toBe(before.ino);
  });

  it('keeps other content, an empty file among it, and its own copy', async () => {
    for (const other of ['another video', '']) {
      await writeFile(target, other);
      expect(await place(part, target, contentOf(VIDEO))).toBe('taken');
      expect(await readFile(target, 'utf8')).toBe(other);
      expect(await readFile(part)).toEqual(VIDEO);
    }
  });

  it('tells other content by its length, and reads none of it', async () => {
    await writeFile(target, '');
    await truncate(target, 200 * 1024 ** 3); // takes minutes to read
    expect(await place(part, target, contentOf(VIDEO))).toBe('taken');
  });

  it('ends the comparing of content of the same length when it is told to', async () => {
    await writeFile(target, '');
    await truncate(target, 200 * 1024 ** 3);
    const content = { bytes: 200 * 1024 ** 3, sha256: 'of another file', signal: AbortSignal.timeout(100) };
    await expect(place(part, target, content)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await readFile(part)).toEqual(VIDEO);
  });

  it('keeps folders and links, dangling or not, and follows none', async () => {
    await mkdir(target);
    expect(await place(part, target, contentOf(VIDEO))).toBe('taken');
    await rm(target, { recursive: true });
    for (const to of ['nowhere', part]) {
      await symlink(to, target);
      expect(await place(part, target, contentOf(VIDEO))).toBe('taken');
      expect((await lstat(target)).isSymbolicLink()).toBe(true);
      await rm(target);
    }
  });

  it('says when its own copy is gone, unless the twin is in place', async () => {
    await rm(part);
    expect(await place(part, target, contentOf(VIDEO))).toBe('lost');
    expect(await readdir(directory)).toEqual([]);
    await writeFile(target, VIDEO);
    expect(await place(part, target, contentOf(VIDEO))).toBe('placed');
  });
});

describe('replaceFile', () => {
  it('replaces a file, but keeps what is there when its own copy is gone', async () => {
    await writeFile(target, 'another video');
    expect(await replaceFile(part, target, contentOf(VIDEO))).toBe('placed');
    expect(await readFile(target)).toEqual(VIDEO);
    await writeFile(target, 'another video');
    expect(await replaceFile(part, target, contentOf(VIDEO))).toBe('lost');
    expect(await readFile(target, 'utf8')).toBe('another video');
  });

  it('never empties a folder', async () => {
    await mkdir(target);
    expect(await replaceFile(part, target, contentOf(VIDEO))).toBe('taken');
    expect(await readdir(directory)).toEqual(['part', 'target']);
  });
});
