import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openVideoStore } from '../../src/storage/open-store.js';

describe('a storage location', () => {
  it.each([
    ['./videos', path.resolve('videos')],
    ['videos', path.resolve('videos')],
    ['/srv/videos', '/srv/videos'],
    ['/srv/with #hash and 100%', '/srv/with #hash and 100%'],
    ['file:///srv/videos', '/srv/videos'],
    ['FILE:///srv/my%20videos/', '/srv/my videos'],
  ])('%s is a directory', (location, directory) => {
    expect(openVideoStore(location).description).toBe(directory);
  });

  it.each([
    ['s3://key:secret@bucket/prefix', 'no S3 storage'],
    ['S3://bucket', 'no S3 storage'],
    ['https://user:secret@example.com', 'no "https:" storage'],
    ['file://srv/videos', 'three slashes'],
    ['file:videos', 'three slashes'],
    ['file:///srv/videos?x', 'three slashes'],
    ['file:///srv%2Fvideos', 'three slashes'],
    ['', 'it is empty'],
    ['  ', 'it is empty'],
    ['a\0b', 'NUL'],
  ])('%j is refused with a way out, and never quoted', (location, problem) => {
    const open = (): unknown => openVideoStore(location);
    expect(open).toThrow(problem);
    expect(open).toThrow(expect.objectContaining({ name: 'StorageError', type: 'StorageFailed' }) as Error);
    expect(open).not.toThrow('secret');
  });
});
