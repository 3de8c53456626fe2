import { StorageError, type WriteOwner } from './port.js';
import type { Ending, S3Bucket } from './s3-bucket.js';
import { S3Claim } from './s3-claim.js';
import { isDenied, isNotImplemented } from './s3-trouble.js';

const VIDEO = { contentType: 'video/mp4', metadata: {}, replace: false } as const;

/**
 * Does what saving a video does, with a claim and with an upload that never becomes an object: a right that is missing, or
 * a condition that the storage does not keep, shows before money is spent.
 * @throws StorageError, the SDK's errors
 */
export async function tryToSave(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Ending): Promise<void> {
  await S3Claim.sweep(bucket, objectKey, owner, ending);
  const claim = await needing('s3:PutObject', () => S3Claim.make(bucket, objectKey, owner, ending));
  try {
    if (await needing('If-None-Match', () => claim.canBeReplaced(ending))) throw replaces();
    const uploadId = await claim.beginUpload(objectKey, VIDEO, ending);
    try {
      await needing('If-Match', () => claim.record(uploadId, ending));
      await needing('s3:GetObject', () => claim.recorded(ending));
    } finally {
      await needing('s3:AbortMultipartUpload', () => bucket.abortUpload(objectKey, uploadId));
    }
  } finally {
    await needing('s3:DeleteObject', () => claim.release());
  }
}

/** @param what - the right, or the function of S3, that is there if the work succeeds */
async function needing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDenied(error) && what.startsWith('s3:')) {
      throw unusable(`The credentials do not allow ${what}; grant it below the prefix (AccessDenied).`);
    }
    if (isNotImplemented(error)) throw unusable(`The storage does not know ${what}; longtake needs one that does.`);
    throw error;
  }
}

function replaces(): StorageError {
  return unusable(
    'The storage replaces an object that it was told to keep (If-None-Match); longtake needs one that knows conditional writes.',
  );
}

function unusable(message: string): StorageError {
  return new StorageError('StorageFailed', message);
}
