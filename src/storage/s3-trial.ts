import { sha256Of } from './block-sums.js';
import { StorageError, type WriteOwner } from './port.js';
import type { S3Bucket } from './s3-bucket.js';
import { S3Claim } from './s3-claim.js';
import type { Deadline } from './s3-patience.js';
import type { Ending } from './s3-requests.js';
import { claimsOf, endCheck } from './s3-sweep.js';
import { inTime, persistently, tidying } from './s3-tidying.js';
import { isDenied, isNotImplemented, s3ErrorCode, s3ErrorName } from './s3-trouble.js';

const VIDEO = { contentType: 'video/mp4', metadata: {}, replace: false } as const;

/** No object has it. */
const OTHER_ETAG = '"00000000000000000000000000000000"';

/**
 * Does what saving a video does, with a claim and with an upload that never becomes an object: a right that is missing, or
 * a condition that the storage does not keep, shows before money is spent. Only one of its requests may write, since some
 * services (R2) take one write a second for a key. Tidying up goes on beside it, and is waited for until the ending: a
 * storage that is slow at that alone can be used. What is left in the end is swept by the next check of the same owner.
 * @throws StorageError, the SDK's errors
 */
export async function tryToSave(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Deadline) {
  const claim = await needing('s3:PutObject', () => S3Claim.make(bucket, objectKey, owner, ending));
  try {
    if (!(await claim.isListed(ending))) throw unlisted();
    if (await needing('If-None-Match', () => claim.isWrittenDespite({ IfNoneMatch: '*' }, ending))) throw replaces();
    await needing('If-Match', () => claim.isWrittenDespite({ IfMatch: OTHER_ETAG }, ending));
    if (!(await needing('s3:GetObject', () => claim.isKnownByItsETag(ending)))) throw altersETags();
    await tryToUpload(bucket, claim, ending);
  } finally {
    await inTime(
      needing('s3:DeleteObject', () => claim.release()),
      ending,
    );
  }
}

/** Sweeps beside the work, however it ends, what earlier checks of this owner have left. */
export async function whileSweeping(
  bucket: S3Bucket,
  objectKey: string,
  owner: WriteOwner,
  ending: Deadline,
  work: () => Promise<void>,
): Promise<void> {
  const left = await claimsOf(owner, bucket, objectKey, ending);
  const swept = Promise.allSettled(left.map(({ name }) => endCheck(bucket, name, objectKey, tidying())));
  try {
    await work();
  } finally {
    await inTime(swept, ending);
  }
}

/** In parts, onto the claim itself, which has to be refused in the end: it is there. */
async function tryToUpload(bucket: S3Bucket, claim: S3Claim, ending: Ending): Promise<void> {
  const key = claim.claimKey;
  const uploadId = await claim.beginUpload(key, VIDEO, ending);
  try {
    const body = Buffer.from('{}');
    const part = await bucket.uploads.putPart({ key, uploadId, number: 1, body }, sha256Of(body), ending);
    await needing('If-None-Match', () => bucket.uploads.finish({ key, uploadId, parts: [part] }, VIDEO, ending));
    throw replaces();
  } catch (error) {
    if (!REFUSED.has(s3ErrorCode(error))) throw error;
  } finally {
    const abort = (tidying: Ending): Promise<boolean> => bucket.uploads.abort(key, uploadId, tidying);
    claim.releaseAfter(needing('s3:AbortMultipartUpload', () => persistently(abort)));
  }
}

const REFUSED: ReadonlySet<string> = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

/** @param what - the right, or the function of S3, that is there if the work succeeds */
async function needing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDenied(error) && what.startsWith('s3:')) {
      throw unusable(`The credentials do not allow ${what}; grant it below the prefix (${s3ErrorName(error)}).`);
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

function unlisted(): StorageError {
  return unusable(
    'The storage does not list what was written a moment ago; longtake needs one whose lists are up to date.',
  );
}

function altersETags(): StorageError {
  return unusable(
    'The storage does not know an object by the ETag that it gave it (If-Match); look for what changes answers on their way, as a gateway that compresses them does.',
  );
}

function unusable(message: string): StorageError {
  return new StorageError('StorageFailed', message);
}
