import type { CompletedPart } from '@aws-sdk/client-s3';
import { PART_BYTES, type PartBuffers } from './part-buffers.js';
import type { FileContent } from './hash-file.js';
import { StorageError } from './port.js';
import type { S3Bucket } from './s3-bucket.js';
import type { S3Claim } from './s3-claim.js';
import type { Patience } from './s3-patience.js';
import type { Ending } from './s3-requests.js';
import { persistently } from './s3-tidying.js';
import type { ObjectOptions } from './s3-multipart.js';
import type { SpoolFile } from './spool-file.js';

/** S3 takes no more; parts grow for a video that would need more. */
const MAX_PARTS = 10_000;
/** Parts of one upload on their way at once: enough for the line, and no upload keeps all buffers for itself. */
const LANES = 2;

export interface Upload {
  readonly bucket: S3Bucket;
  readonly spool: SpoolFile;
  readonly claim: S3Claim;
  readonly buffers: PartBuffers;
  /** Ends the upload from outside. */
  readonly patience: Patience;
  /** @throws StorageError - the claim is gone, and with it the right to publish */
  readonly refuseIfSwept: (ending: Ending) => Promise<void>;
}

/**
 * Creates one object from the spooled file, whole or not at all, and never over one that is there unless `replace` says
 * so. In parts of constant size also where one is enough: no request of an upload that was aborted, however late it comes,
 * makes an object, as a `PUT` would.
 * @throws the SDK's errors, a StorageError, the signal's reason: the object may be there all the same, and no upload stays open
 */
export async function uploadObject(
  upload: Upload,
  key: string,
  content: FileContent,
  options: ObjectOptions,
): Promise<void> {
  const { bucket, claim, patience, refuseIfSwept } = upload;
  await refuseIfSwept(patience);
  const uploadId = await claim.beginUpload(key, options, patience);
  try {
    await claim.record({ uploadId, key }, patience);
    const parts = await putParts(upload, key, uploadId, content.bytes);
    await refuseIfSwept(patience);
    await bucket.uploads.finish({ key, uploadId, parts }, options, patience);
    // Services say "done" at the end of an aborted upload as well, or before they have it, or keep it.
    if (!(await bucket.isSaidToHold(key, content, patience))) throw notThere(key);
  } catch (error) {
    claim.releaseAfter(persistently((tidying) => bucket.uploads.end(key, uploadId, tidying)));
    throw error;
  }
}

async function putParts(upload: Upload, key: string, uploadId: string, bytes: number): Promise<CompletedPart[]> {
  const { bucket, spool, buffers, patience } = upload;
  const partBytes = partBytesFor(bytes);
  const count = Math.max(1, Math.ceil(bytes / partBytes)); // an upload without a part cannot be completed
  const parts: CompletedPart[] = [];
  const failures: unknown[] = [];
  let next = 1;
  const lane = async (): Promise<void> => {
    for (let number = next++; number <= count && failures.length === 0; number = next++) {
      const position = (number - 1) * partBytes;
      const length = Math.min(partBytes, bytes - position);
      parts[number - 1] = await buffers.lend(length, patience.abortSignal, async (buffer) => {
        const body = buffer.subarray(0, length);
        const sha256 = await spool.read(body, position);
        return await bucket.uploads.putPart({ key, uploadId, number, body }, sha256, patience);
      });
    }
  };
  // Each part is answered before its upload is ended, unless all is stopped: one that arrived after the abort would stay.
  await Promise.all(Array.from({ length: LANES }, () => lane().catch((error: unknown) => failures.push(error))));
  patience.abortSignal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return parts;
}

/** At most 10,000 parts, of whole blocks of the spooled file. */
export function partBytesFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / MAX_PARTS / PART_BYTES)) * PART_BYTES;
}

function notThere(key: string): StorageError {
  return new StorageError(
    'StorageFailed',
    `The storage said that it saved "${key}", but it is not there; look for what else writes or removes objects there.`,
  );
}
