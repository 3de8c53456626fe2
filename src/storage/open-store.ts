import { fileURLToPath } from 'node:url';
import { FileSystemStore } from './filesystem.js';
import { LazyStore } from './lazy-store.js';
import { StorageError, type VideoStore } from './port.js';
import { parseS3Location, s3Uri, type S3Access } from './s3-location.js';

/**
 * The storage behind a `LONGTAKE_STORAGE` value: `file:///directory`, a plain path, or `s3://bucket/prefix`. Nothing is
 * read, created or connected to yet.
 * @throws StorageError - the location is of no kind that longtake knows
 */
export function openVideoStore(location: string, s3: S3Access): VideoStore {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return new FileSystemStore(plainPath(location));
  if (scheme === 'file') return new FileSystemStore(pathOfFileUrl(location));
  if (scheme === 's3') return openS3(location, s3);
  throw unusable(`it knows no "${scheme}:" storage; give a directory, such as ./videos, or s3://bucket/prefix`);
}

function openS3(location: string, access: S3Access): VideoStore {
  const parsed = parseS3Location(location);
  if (typeof parsed === 'string') throw unusable(parsed);
  return new LazyStore(s3Uri(parsed.bucket, parsed.prefix), async () => {
    const { createS3Store } = await import('./s3-store.js');
    return await createS3Store(parsed, access);
  });
}

function plainPath(location: string): string {
  if (location.trim() === '') throw unusable('it is empty; give a directory, such as ./videos');
  if (location.includes('\0')) throw unusable('it has a NUL character; give a directory, such as ./videos');
  return location;
}

function pathOfFileUrl(location: string): string {
  const problem = unusable('a file address must be an absolute path with three slashes, such as file:///videos');
  if (!/^file:\/\/\//i.test(location) || /[?#]/.test(location)) throw problem;
  try {
    return plainPath(fileURLToPath(location));
  } catch {
    throw problem;
  }
}

/** The location is not quoted: with S3 it may carry credentials. */
function unusable(problem: string): StorageError {
  return new StorageError('StorageFailed', `The storage location (LONGTAKE_STORAGE) cannot be used: ${problem}.`);
}
