import { randomUUID } from 'node:crypto';
import type { Config } from '../../config.js';
import { FileSystemStore } from '../../storage/filesystem.js';
import { openVideoStore } from '../../storage/open-store.js';
import { StorageError } from '../../storage/port.js';
import { errorCode } from '../../storage/trouble.js';
import { usageError } from '../errors.js';
import type { Finding } from './finding.js';

type Storage = Pick<Config, 'storage' | 's3'>;

export async function checkStorage(config: Storage): Promise<Finding> {
  const subject = 'storage';
  try {
    return { status: 'ok', subject, text: `${await tryStorage(config)} can be written` };
  } catch (error) {
    return { status: 'fail', subject, text: storageProblem(error) };
  }
}

async function tryStorage({ storage, s3 }: Storage): Promise<string> {
  const store = openVideoStore(storage, s3);
  await store.check(`longtake-doctor-${randomUUID()}.mp4`, { overwrite: false });
  return store.description;
}

/** Nobody mends these but who chose the directory; a full disk, or a file system that is away, comes back by itself. */
const LASTING: ReadonlySet<string | null> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
]);

/**
 * A worker looks at its directory before it takes any work. S3 is not looked at: it may be away for a moment.
 * @throws CliError where it cannot be used and will not be by itself; StorageError where it is no place at all
 */
export async function requireDirectory(config: Storage, warn: (text: string) => void): Promise<void> {
  if (!(openVideoStore(config.storage, config.s3) instanceof FileSystemStore)) return;
  try {
    await tryStorage(config);
  } catch (error) {
    const isLasting =
      error instanceof StorageError && (error.cause === undefined || LASTING.has(errorCode(error.cause)));
    if (isLasting) throw usageError(storageProblem(error));
    warn(storageProblem(error));
  }
}

function storageProblem(error: unknown): string {
  return `${error instanceof Error ? error.message : String(error)} Is LONGTAKE_STORAGE right?`;
}
