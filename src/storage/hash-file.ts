import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { FindOptions } from './port.js';
import { errorCode } from './trouble.js';

export interface FileContent {
  readonly bytes: number;
  readonly sha256: string;
}

// Neither of them exists on Windows, where they are undefined and count as 0.
const NO_FOLLOW = constants.O_NOFOLLOW | 0;
const NO_BLOCK = constants.O_NONBLOCK | 0;

/**
 * Length and sha256 of a regular file, read as a stream; `null` when there is none, also for a folder or a link.
 * @param bytes - a file of another length is none, and is not read
 */
export async function hashFile(file: string, { bytes: length, signal }: FindOptions = {}): Promise<FileContent | null> {
  try {
    // Looked at before it is opened: opening a device or a pipe can have effects.
    const stats = await lstat(file);
    if (!stats.isFile() || stats.size !== (length ?? stats.size)) return null;
    const handle = await open(file, constants.O_RDONLY | NO_FOLLOW | NO_BLOCK);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}
