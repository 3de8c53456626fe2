import { UNFINISHED } from '../contract/output-key.js';
import { newPartName, ownerPrefix } from './part-file.js';
import type { WriteOwner } from './port.js';
import { tidying, type Ending, type ObjectOptions, type S3Bucket } from './s3-bucket.js';
import { s3ErrorCode } from './s3-trouble.js';

const JSON_OBJECT = { ContentType: 'application/json' } as const;

/**
 * A small hidden object beside the final one that stands for an unfinished transfer, as a `.part` file does on a disk: its
 * name says whose it is, and its content which multipart upload belongs to it, because a list of uploads says neither.
 * While it is there its writer may publish; whoever removes it takes that right away.
 */
export class S3Claim {
  private kept = false;

  private constructor(
    private readonly bucket: S3Bucket,
    private readonly claimKey: string,
    private etag: string | undefined,
  ) {}

  static async make(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Ending): Promise<S3Claim> {
    const claimKey = beside(objectKey, newPartName(objectKey, owner));
    const etag = await bucket.put(claimKey, '{}', JSON_OBJECT, ending);
    return new S3Claim(bucket, claimKey, etag);
  }

  async isHeld(ending: Ending): Promise<boolean> {
    return (await this.bucket.sizeOf(this.claimKey, ending)) !== null;
  }

  /** Whether the storage makes it anew although it is there, and was told not to. */
  async canBeReplaced(ending: Ending): Promise<boolean> {
    try {
      await this.bucket.put(this.claimKey, '{}', { ...JSON_OBJECT, IfNoneMatch: '*' }, ending);
      return true;
    } catch (error) {
      if (s3ErrorCode(error) === 'PreconditionFailed') return false;
      throw error;
    }
  }

  /** Writes down which upload belongs to the claim. Fails when the claim is gone, so that none is opened behind a sweep. */
  async record(uploadId: string, ending: Ending): Promise<void> {
    const more = this.etag === undefined ? JSON_OBJECT : { ...JSON_OBJECT, IfMatch: this.etag };
    this.etag = await this.bucket.put(this.claimKey, JSON.stringify({ uploadId }), more, ending);
  }

  async recorded(ending: Ending): Promise<string | null> {
    return uploadIdIn(await this.bucket.text(this.claimKey, ending));
  }

  /** Begins an upload. What earlier requests for it may have begun, and was never heard of, is ended, or found by the claim. */
  async beginUpload(objectKey: string, options: ObjectOptions, ending: Ending): Promise<string> {
    const claim = { bucket: this.bucket, objectKey, claimKey: this.claimKey };
    try {
      const { uploadId, wasRepeated } = await this.bucket.startUpload(objectKey, options, ending);
      if (wasRepeated) await endUnrecorded(claim, uploadId, ending);
      return uploadId;
    } catch (error) {
      await endUnrecorded(claim, null, tidying()).catch(() => {
        this.keep();
      });
      throw error;
    }
  }

  /** Its upload could not be aborted: the next attempt, or the run's end, finds both by the claim. */
  keep(): void {
    this.kept = true;
  }

  async release(): Promise<void> {
    if (!this.kept) await this.bucket.remove(this.claimKey);
  }

  /** Ends all transfers of this owner to this object: aborts their uploads, then removes their claims. */
  static async sweep(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Ending): Promise<void> {
    for (const claim of await bucket.objectsFrom(beside(objectKey, ownerPrefix(objectKey, owner)), ending)) {
      const uploadId = uploadIdIn(await bucket.text(claim.name, ending));
      if (uploadId !== null) await bucket.abortUpload(objectKey, uploadId);
      else await endUnrecorded({ bucket, objectKey, claimKey: claim.name }, null, ending);
      await bucket.remove(claim.name);
    }
  }
}

/**
 * Ends what was begun under a claim and is written down nowhere: it came after the claim (S3 counts in seconds), and no claim
 * names it. Another run that has begun in this moment, and has yet to write it down, begins again with its next attempt.
 */
async function endUnrecorded(
  { bucket, objectKey, claimKey }: { bucket: S3Bucket; objectKey: string; claimKey: string },
  keep: string | null,
  ending: Ending,
): Promise<void> {
  const uploads = (await bucket.uploadsTo(objectKey, ending)).filter(({ name }) => name !== keep);
  if (uploads.length === 0) return;
  const claims = await bucket.objectsFrom(beside(objectKey, UNFINISHED.prefix), ending);
  const since = second(claims.find(({ name }) => name === claimKey)?.since);
  const recorded = await Promise.all(claims.map(async ({ name }) => uploadIdIn(await bucket.text(name, ending))));
  for (const upload of uploads) {
    if (second(upload.since) >= since && !recorded.includes(upload.name))
      await bucket.abortUpload(objectKey, upload.name);
  }
}

/** `NaN`, which compares with nothing, when it is not known. */
function second(date: Date | null | undefined): number {
  return Math.floor((date?.getTime() ?? Number.NaN) / 1000);
}

function beside(objectKey: string, name: string): string {
  return objectKey.slice(0, objectKey.lastIndexOf('/') + 1) + name;
}

/** One that somebody damaged is removed like any other. */
function uploadIdIn(claim: string | null): string | null {
  try {
    const { uploadId } = JSON.parse(claim ?? '{}') as { readonly uploadId?: unknown };
    return typeof uploadId === 'string' ? uploadId : null;
  } catch {
    return null;
  }
}
