import { createHash, randomBytes } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { UNFINISHED } from '../contract/output-key.js';
import type { WriteOwner } from './port.js';
import { errorCode } from './trouble.js';

/** Names of unfinished files are hidden, and of one length, so that the longest output name still has room beside them. */
const { prefix: PREFIX, suffix: SUFFIX } = UNFINISHED;

/** A new name for a transfer of `key` by `owner`. */
export function newPartName(key: string, owner: WriteOwner): string {
  return `${ownerPrefix(key, owner)}${randomBytes(6).toString('hex')}${SUFFIX}`;
}

/** A name for a trial that belongs to no transfer. */
export function newTrialName(): string {
  return `${PREFIX}check-${randomBytes(6).toString('hex')}${SUFFIX}`;
}

/** Removes the unfinished files of all transfers of `key` by `owner`. @throws system errors, when it has tried them all */
export async function removeParts(directory: string, key: string, owner: WriteOwner): Promise<void> {
  const prefix = ownerPrefix(key, owner);
  const parts = (await readdir(directory)).filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX));
  const removals = await Promise.allSettled(parts.map((name) => removeIfThere(path.join(directory, name))));
  const failed = removals.find((removal) => removal.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

export async function removeIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** How the names of all transfers of `key` by `owner` begin. */
export function ownerPrefix(key: string, { workflowId, runId, jobId }: WriteOwner): string {
  const identity = JSON.stringify([workflowId, runId, jobId, key]);
  return `${PREFIX}${createHash('sha256').update(identity).digest('hex').slice(0, 24)}-`;
}
