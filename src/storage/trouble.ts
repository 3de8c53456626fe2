import { StorageError } from './port.js';

/** What a user can do about each system error; the words complete "… failed: <what happened>; <what to do>". */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space there or choose another LONGTAKE_STORAGE',
  EDQUOT: 'the disk quota is used up; free some space or raise the quota',
  EFBIG:
    'the file is larger than the file system or the process limit (ulimit -f) allows; choose another LONGTAKE_STORAGE or raise the limit',
  EACCES: 'permission denied; let the user that the worker runs as write there, or choose another LONGTAKE_STORAGE',
  EPERM:
    'the operation is not permitted there; let the user that the worker runs as write there, or choose another LONGTAKE_STORAGE',
  EROFS: 'the file system is read-only; remount it writable or choose another LONGTAKE_STORAGE',
  EMFILE: 'the worker has too many open files; raise its limit (ulimit -n) or run fewer downloads at once',
  ENFILE: 'the whole machine has too many open files; close some or raise the system limit',
  ENAMETOOLONG: 'the path is longer than the file system allows; choose a shorter output key or storage directory',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another output key or move that file away',
  ELOOP: 'the path has too many symbolic links; check the links in the storage directory',
  ENOENT:
    'the folder is not there and cannot be made; check the path, and that nobody cleans up or unmounts the storage directory',
  EIO: 'the disk reported an input/output error; check the disk and the system log',
  ENODEV: 'the device is gone; check that the storage directory is mounted',
  ENXIO: 'the device is gone; check that the storage directory is mounted',
  ESTALE: 'the network file system lost the file; check that the storage directory is mounted',
  ETIMEDOUT: 'the network file system does not answer; check the connection to it',
  EBUSY: 'the file or folder is in use; close the program that holds it',
};

/** The code of a system error, such as `ENOSPC`, or `null`. */
export function errorCode(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}

/**
 * A system error as the contract's `StorageFailed`. A `StorageError` passes through as it is.
 * @param doing - what was tried, such as `writing "/videos/a.mp4"`
 */
export function storageTrouble(doing: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const code = errorCode(error);
  const advice = code === null ? undefined : ADVICE[code];
  const reason = error instanceof Error ? error.message : String(error);
  const what = advice === undefined ? `${reason}; check the storage directory` : `${advice} (${code ?? ''})`;
  return new StorageError('StorageFailed', `${doing} failed: ${what}.`, { cause: error });
}
