import { newPartName } from './part-file.js';
import type { WriteOwner } from './port.js';
import type { S3Bucket } from './s3-bucket.js';
import { claimText, closedIn, NOTHING_RECORDED, type Recorded } from './s3-claim-text.js';
import type { Deadline } from './s3-patience.js';
import type { Ending } from './s3-requests.js';
import { inTime, persistently, tidying } from './s3-tidying.js';
import { s3ErrorCode } from './s3-trouble.js';
import { beside, endUnrecorded } from './s3-unrecorded.js';
import type { ObjectOptions, OpenUpload } from './s3-multipart.js';

/** How a claim is written: with a checksum, which a bucket with Object Lock demands. */
export const CLAIM_OBJECT = { ContentType: 'application/json', ChecksumAlgorithm: 'SHA256' } as const;

/**
 * A small hidden object beside the final one that stands for an unfinished transfer, as a `.part` file does on a disk: its
 * name says whose it is, and its content which multipart uploads belong to it, because a list of uploads says neither.
 * While it is there, and open, its writer may publish; whoever closes or removes it takes that right away.
 */
export class S3Claim {
  private readonly before: Promise<unknown>[] = [];
  private readonly late: (() => Promise<void>)[] = [];
  private readonly recorded: Recorded[] = [];

  private constructor(
    private readonly bucket: S3Bucket,
    /** Of the claim itself, which is an object as well. */
    readonly claimKey: string,
    private etag: string,
    /** Its own, and those that were given up: a request of theirs may still be on its way. */
    private readonly names: readonly string[],
  ) {}

  /**
   * Its writer goes by the ETag, which is that of any claim by this name with nothing in it. So a name goes into one request only:
   * where the SDK has sent it again, one of the two may land late and stand for a claim that was swept, or wipe what it names.
   */
  static async make(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Deadline): Promise<S3Claim> {
    const names: string[] = [];
    try {
      for (;;) {
        const claimKey = beside(objectKey, newPartName(objectKey, owner));
        names.push(claimKey);
        const { etag, wasRepeated } = await bucket.put(claimKey, NOTHING_RECORDED, CLAIM_OBJECT, ending);
        if (!wasRepeated) return new S3Claim(bucket, claimKey, etag, names);
        await inTime(bucket.remove(claimKey), ending).catch(() => undefined);
      }
    } catch (error) {
      await inTime(removeAll(bucket, names), ending).catch(() => undefined); // each may be there, and its answer be lost
      throw error;
    }
  }

  async isHeld(ending: Ending): Promise<boolean> {
    const found = await this.bucket.text(this.claimKey, ending);
    return found !== null && closedIn(found.text) === null;
  }

  /** Whether a sweep would find it. */
  async isListed(ending: Ending): Promise<boolean> {
    return (await this.bucket.sizeOf(this.claimKey, ending)) !== null;
  }

  /** Whether the storage writes it anew, although nothing that is there meets the condition. */
  async isWrittenDespite(condition: { IfNoneMatch: '*' } | { IfMatch: string }, ending: Ending): Promise<boolean> {
    try {
      await this.bucket.put(this.claimKey, NOTHING_RECORDED, { ...CLAIM_OBJECT, ...condition }, ending);
      return true;
    } catch (error) {
      if (s3ErrorCode(error) === 'PreconditionFailed') return false;
      throw error;
    }
  }

  /** Writes down that an upload belongs to the claim. Fails when the claim is closed or gone, so that none is opened behind a sweep. */
  async record(upload: Recorded, ending: Ending): Promise<void> {
    this.recorded.push(upload);
    const text = claimText(this.recorded);
    try {
      const written = await this.bucket.put(this.claimKey, text, { ...CLAIM_OBJECT, IfMatch: this.etag }, ending);
      this.etag = written.etag;
    } catch (error) {
      if (s3ErrorCode(error) !== 'PreconditionFailed') throw error;
      // The SDK repeats what was not answered, and the first of its requests may have met the condition.
      const found = await this.bucket.text(this.claimKey, ending);
      if (found?.text !== text) throw error;
      this.etag = found.etag;
    }
  }

  /** Whether the storage knows the claim by the ETag that it gave, and that something in between may have changed. */
  async isKnownByItsETag(ending: Ending): Promise<boolean> {
    try {
      return (await this.bucket.text(this.claimKey, ending, this.etag)) !== null;
    } catch (error) {
      if (s3ErrorCode(error) === 'PreconditionFailed') return false;
      throw error;
    }
  }

  /** Begins an upload. What earlier requests for it may have begun, and was never heard of, is ended, or found by the claim. */
  async beginUpload(objectKey: string, options: ObjectOptions, ending: Ending): Promise<string> {
    try {
      const { uploadId, wasRepeated } = await this.bucket.uploads.start(objectKey, options, ending);
      if (wasRepeated) await this.endTwins(objectKey, uploadId, tidying()).catch(() => undefined); // nobody can finish them
      return uploadId;
    } catch (error) {
      const begun = { claimKey: this.claimKey, since: null, keys: [objectKey] };
      this.releaseAfter(persistently((tidying) => endUnrecorded(this.bucket, begun, tidying)));
      throw error;
    }
  }

  /** Those that came with the upload; where the list tells them from other programs' uploads, also those that come until the release. */
  private async endTwins(objectKey: string, uploadId: string, ending: Ending): Promise<void> {
    const own = (await this.bucket.uploads.openTo(objectKey, ending)).find((upload) => upload.uploadId === uploadId);
    if (own === undefined) return; // the storage lists none, or not yet
    const isTwin = (upload: OpenUpload): boolean => upload.uploadId !== uploadId && upload.look === own.look;
    const end = (since: Date | null, until: Ending): Promise<void> =>
      endUnrecorded(this.bucket, { claimKey: this.claimKey, since, keys: [objectKey] }, until, isTwin);
    if (own.look !== null) this.late.push(() => end(own.since, tidying()));
    await end(null, ending);
  }

  /** Its upload's end. If that fails, the claim stays: the next attempt, or the run's end, finds both by it. */
  releaseAfter(end: Promise<unknown>): void {
    end.catch(() => undefined); // told by the release
    this.before.push(end);
  }

  async release(): Promise<void> {
    await Promise.all(this.before);
    await Promise.allSettled(this.late.map((endTwins) => endTwins()));
    await removeAll(this.bucket, this.names);
  }
}

async function removeAll(bucket: S3Bucket, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => persistently((tidying) => bucket.remove(name, tidying))));
}
