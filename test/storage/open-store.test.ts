import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openVideoStore } from '../../src/storage/open-store.js';

const AWS = { endpoint: null, forcePathStyle: false };

describe('a storage location', () => {
  it.each([
    ['./videos', path.resolve('videos')],
    ['videos', path.resolve('videos')],
    ['/srv/videos', '/srv/videos'],
    ['/srv/with #hash and 100%', '/srv/with #hash and 100%'],
    ['file:///srv/videos', '/srv/videos'],
    ['FILE:///srv/my%20videos/', '/srv/my videos'],
  ])('%s is a directory', (location, directory) => {
    expect(openVideoStore(location, AWS).description).toBe(directory);
  });

  it.each([
    ['s3://bucket', 's3://bucket/'],
    ['S3://bucket/', 's3://bucket/'],
    ['s3://my.bucket-1/a/b', 's3://my.bucket-1/a/b/'],
    ['s3://bucket/a b/100%/', 's3://bucket/a%20b/100%25/'],
  ])('%s is a place in a bucket, and nothing is connected to', (location, place) => {
    expect(openVideoStore(location, AWS).description).toBe(place);
  });

  it.each([
    ['s3://key:secret@bucket/prefix', 'name of a bucket'],
    ['s3://', 'name of a bucket'],
    ['s3:bucket', 'name of a bucket'],
    ['s3://bucket?secret=1', 'name of a bucket'],
    ['s3://bucket/../secret', 'could lead out'],
    ['s3://bucket/secret//b', 'empty folder'],
    ['https://user:secret@example.com', 'no "https:" storage'],
    ['file://srv/videos', 'three slashes'],
    ['file:videos', 'three slashes'],
    ['file:///srv/videos?x', 'three slashes'],
    ['file:///srv%2Fvideos', 'three slashes'],
    ['', 'it is empty'],
    ['  ', 'it is empty'],
    ['a\0b', 'NUL'],
  ])('%j is refused with a way out, and never quoted', (location, problem) => {
    const open = (): unknown => openVideoStore(location, AWS);
    expect(open).toThrow(problem);
    expect(open).toThrow(expect.objectContaining({ name: 'StorageError', type: 'StorageFailed' }) as Error);
    expect(open).not.toThrow('secret');
  });
});
