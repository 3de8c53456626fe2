import { siblingKey } from '../contract/output-key.js';
import { ownerPrefix } from './part-file.js';
import type { WriteOwner } from './port.js';
import type { Named, S3Bucket } from './s3-bucket.js';
import { recordedIn, type Recorded } from './s3-claim-text.js';
import type { Ending } from './s3-requests.js';
import { isDenied } from './s3-trouble.js';
import { beside, endUnrecorded } from './s3-unrecorded.js';

/** Ends all transfers of this owner to this object. @throws the SDK's errors; a refusal when it has tried them all */
export async function sweep(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Ending): Promise<void> {
  const keys = [objectKey, siblingKey(objectKey, owner.jobId)] as const;
  const denials: unknown[] = [];
  for (const claim of await claimsOf(owner, bucket, objectKey, ending)) {
    await endTransfer(bucket, claim, keys, ending).catch((error: unknown) => {
      if (!isDenied(error)) throw error;
      denials.push(error);
    });
  }
  if (denials.length > 0) throw denials[0];
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

/** Ends the transfer that a claim stands for: aborts its uploads to either key, then removes the claim. */
async function endTransfer(
  bucket: S3Bucket,
  { name: claimKey, since }: Named,
  keys: readonly [objectKey: string, siblingKey: string],
  ending: Ending,
): Promise<void> {
  const recorded = await endRecorded(bucket, claimKey, keys[0], ending);
  const others = keys.filter((key) => !recorded.some((upload) => upload.key === key));
  const claimed = { claimKey, since, keys: others };
  await endUnrecorded(bucket, claimed, ending);
  await bucket.remove(claimKey);
  await endUnrecorded(bucket, claimed, ending); // what came meanwhile; from now on its writer writes down nothing
}

/** Ends a check, whose upload goes to the claim's own key. Those to the final key are others', unless it names one. */
export async function endCheck(bucket: S3Bucket, claimKey: string, objectKey: string, ending: Ending): Promise<void> {
  await endRecorded(bucket, claimKey, objectKey, ending);
  for (const { uploadId } of await bucket.uploads.openTo(claimKey, ending))
    await bucket.uploads.abort(claimKey, uploadId);
  await bucket.remove(claimKey);
}

async function endRecorded(
  bucket: S3Bucket,
  claimKey: string,
  objectKey: string,
  ending: Ending,
): Promise<readonly Recorded[]> {
  const recorded = recordedIn((await bucket.text(claimKey, ending))?.text, objectKey);
  for (const { key, uploadId } of recorded) await bucket.uploads.end(key, uploadId);
  return recorded;
}
