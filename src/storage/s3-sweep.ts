import { siblingKey } from '../contract/output-key.js';
import { ownerPrefix } from './part-file.js';
import type { WriteOwner } from './port.js';
import type { Named, S3Bucket } from './s3-bucket.js';
import { CLAIM_OBJECT } from './s3-claim.js';
import { closedIn, closedText, recordedIn, type Recorded } from './s3-claim-text.js';
import type { Ending } from './s3-requests.js';
import { isPassing, s3ErrorCode } from './s3-trouble.js';
import { beside, endUnrecorded } from './s3-unrecorded.js';

type TransferKeys = readonly [objectKey: string, siblingKey: string];

/** The answers that say: the claim is another one than was read, or none. */
const CHANGED: ReadonlySet<string> = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']);

/**
 * Ends all transfers of this owner to this object: first each claim is closed, so that its writer writes nothing more down and all it may
 * finish has been ended. What is left then only takes room. What fails finds the claim closed when it is done again.
 * @param onUntidied - told of trouble with what only takes room, which is thrown where nobody is
 * @throws the SDK's errors; a refusal when it has tried them all
 */
export async function sweep(
  bucket: S3Bucket,
  objectKey: string,
  owner: WriteOwner,
  ending: Ending,
  onUntidied?: (error: unknown) => void,
): Promise<void> {
  const keys = [objectKey, siblingKey(objectKey, owner.jobId)] as const;
  const refusals: unknown[] = [];
  const refuse = (error: unknown): void => {
    if (isPassing(error)) throw error;
    refusals.push(error);
  };
  const closed: ClosedClaim[] = [];
  for (const claim of await claimsOf(owner, bucket, objectKey, ending)) {
    await close(bucket, claim, keys, ending).then((found) => closed.push({ ...found, name: claim.name }), refuse);
  }
  for (const claim of closed) {
    await tidyUp(bucket, claim, keys, ending).catch((error: unknown) => {
      if (onUntidied !== undefined && isPassing(error)) onUntidied(error);
      else refuse(error);
    });
  }
  if (refusals.length > 0) throw refusals[0];
}

interface ClosedClaim {
  readonly name: string;
  /** What it names, all of which is ended. */
  readonly recorded: readonly Recorded[];
  readonly since: Date | null;
}

/** The claims that are there: those of dead attempts, and of such as are taken for dead. */
export async function claimsOf(
  owner: WriteOwner,
  bucket: S3Bucket,
  objectKey: string,
  ending: Ending,
): Promise<Named[]> {
  return await bucket.objectsFrom(beside(objectKey, ownerPrefix(objectKey, owner)), ending);
}

async function tidyUp(
  bucket: S3Bucket,
  { name, recorded, since }: ClosedClaim,
  keys: TransferKeys,
  ending: Ending,
): Promise<void> {
  const others = keys.filter((key) => !recorded.some((upload) => upload.key === key));
  await endUnrecorded(bucket, { claimKey: name, since, keys: others }, ending);
  await bucket.remove(name);
}

/** Ends what the claim names, and closes it as it was read: whose writer was faster is read again. */
async function close(bucket: S3Bucket, { name, since }: Named, keys: TransferKeys, ending: Ending) {
  for (let before: string | null = null; ;) {
    const found = await bucket.text(name, ending);
    const recorded = recordedIn(found?.text, keys);
    await endAll(bucket, recorded);
    if (found === null) return { recorded, since };
    const closed = closedIn(found.text);
    if (closed !== null) return { recorded, since: closed.since ?? since };
    try {
      const condition = { ...CLAIM_OBJECT, IfMatch: found.etag };
      await bucket.put(name, closedText(recorded, since), condition, ending);
      return { recorded, since };
    } catch (error) {
      if (!CHANGED.has(s3ErrorCode(error)) || found.text === before) throw error;
      before = found.text;
    }
  }
}

/** Ends a check, whose upload goes to the claim's own key. Those to the final key are others', unless it names one. */
export async function endCheck(bucket: S3Bucket, claimKey: string, objectKey: string, ending: Ending): Promise<void> {
  const found = await bucket.text(claimKey, ending);
  await endAll(bucket, recordedIn(found?.text, [objectKey, claimKey]));
  for (const { uploadId } of await bucket.uploads.openTo(claimKey, ending))
    await bucket.uploads.abort(claimKey, uploadId);
  await bucket.remove(claimKey);
}

async function endAll(bucket: S3Bucket, recorded: readonly Recorded[]): Promise<void> {
  for (const { key, uploadId } of recorded) await bucket.uploads.end(key, uploadId);
}
