import { fileURLToPath } from 'node:url';
import { FileSystemStore } from './filesystem.js';
import { StorageError, type VideoStore } from './port.js';

/**
 * The storage behind a `LONGTAKE_STORAGE` value: `file:///directory` or a plain path. Nothing is read or created yet.
 * @throws StorageError - the location is of no kind that this build can serve
 */
export function openVideoStore(location: string): VideoStore {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return new FileSystemStore(plainPath(location));
  if (scheme === 'file') return new FileSystemStore(pathOfFileUrl(location));
  if (scheme === 's3')
    throw unusable('this build of longtake has no S3 storage; give a directory, such as file:///videos');
  throw unusable(`it knows no "${scheme}:" storage; give a directory, such as ./videos or file:///videos`);
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
  return new StorageError('StorageFailed', `The storage location cannot be used: ${problem}.`);
}
