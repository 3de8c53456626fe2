import { open } from 'node:fs/promises';
import { errorCode } from './trouble.js';

/** Windows and some network file systems cannot open or sync a folder; their renames are as durable as they get. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'EISDIR',
  'EPERM',
  'EACCES',
  'EINVAL',
  'EBADF',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/** Makes names that were added to or removed from a folder survive a power cut. @throws system errors, such as EIO */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    await syncOpened(directory);
  } catch (error) {
    if (!UNSUPPORTED.has(errorCode(error) ?? '')) throw error;
  }
}

async function syncOpened(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
