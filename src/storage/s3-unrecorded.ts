import { isUnfinished, UNFINISHED } from '../contract/output-key.js';
import type { S3Bucket } from './s3-bucket.js';
import { recordedIn } from './s3-claim-text.js';
import type { Ending } from './s3-requests.js';
import type { OpenUpload } from './s3-multipart.js';

/** A claim, and the keys to which an upload may have begun under it that it does not name. */
export interface Claimed {
  readonly claimKey: string;
  /** Since when there is the claim; looked up while it is there. */
  readonly since: Date | null;
  readonly keys: readonly string[];
}

/**
 * Ends what was begun under a claim and is written down nowhere: it came after the claim (S3 counts in seconds), and no other
 * claim names it. Another run that has begun in this moment, and has yet to write it down, begins again with its next attempt; the
 * upload of another program is ended as well, unless `mayBeOwn` tells it apart.
 */
export async function endUnrecorded(
  bucket: S3Bucket,
  claimed: Claimed,
  ending: Ending,
  mayBeOwn: (upload: OpenUpload) => boolean = () => true,
): Promise<void> {
  for (const key of claimed.keys) {
    for (const upload of await unrecorded(bucket, claimed, key, ending)) {
      if (mayBeOwn(upload)) await bucket.uploads.abort(key, upload.uploadId);
    }
  }
}

async function unrecorded(
  bucket: S3Bucket,
  { claimKey, since: found }: Claimed,
  key: string,
  ending: Ending,
): Promise<OpenUpload[]> {
  const uploads = await bucket.uploads.openTo(key, ending);
  if (uploads.length === 0) return [];
  const hidden = await bucket.objectsFrom(beside(key, UNFINISHED.prefix), ending);
  const claims = hidden.filter(({ name }) => isUnfinished(name.slice(beside(key, '').length)));
  const since = second(found ?? claims.find(({ name }) => name === claimKey)?.since);
  let open = uploads.filter((upload) => second(upload.since) >= since);
  for (const { name, since: written } of claims) {
    if (name === claimKey) continue; // what it names is ended by whoever sweeps it
    // A claim is written anew when its upload has begun; there may be thousands of older ones.
    if (!open.some((upload) => second(written) >= second(upload.since))) continue;
    const named = new Set(recordedIn((await bucket.text(name, ending))?.text, [key]).map(({ uploadId }) => uploadId));
    open = open.filter(({ uploadId }) => !named.has(uploadId));
  }
  return open;
}

/** The name in the folder of the object. */
export function beside(objectKey: string, name: string): string {
  return objectKey.slice(0, objectKey.lastIndexOf('/') + 1) + name;
}

/** `NaN`, which compares with nothing, when it is not known. */
function second(date: Date | null | undefined): number {
  return Math.floor((date?.getTime() ?? Number.NaN) / 1000);
}
