import { UNFINISHED } from '../contract/output-key.js';
import { newPartName, ownerPrefix } from './part-file.js';
import type { WriteOwner } from './port.js';
import type { Ending, ObjectOptions, S3Bucket, Text } from './s3-bucket.js';
import type { Deadline } from './s3-patience.js';
import { inTime, persistently } from './s3-tidying.js';
import { isDenied, s3ErrorCode } from './s3-trouble.js';

/** Where an upload may have begun, and since when. */
interface Claimed {
  readonly bucket: S3Bucket;
  readonly objectKey: string;
  readonly claimKey: string;
  readonly since: Date | null;
}

/** With a checksum, which a bucket with Object Lock demands. */
const JSON_OBJECT = { ContentType: 'application/json', ChecksumAlgorithm: 'SHA256' } as const;

/** What is written down: an upload, and the key that it goes to, which may be the sibling of the claim's own. */
interface Recorded {
  readonly uploadId: string;
  readonly key: string;
}

/**
 * A small hidden object beside the final one that stands for an unfinished transfer, as a `.part` file does on a disk: its
 * name says whose it is, and its content which multipart upload belongs to it, because a list of uploads says neither.
 * While it is there its writer may publish; whoever removes it takes that right away.
 */
export class S3Claim {
  private readonly before: Promise<unknown>[] = [];

  private constructor(
    private readonly bucket: S3Bucket,
    /** Of the claim itself, which is an object as well. */
    readonly claimKey: string,
    private etag: string | undefined,
    /** Known of one that was left. */
    private readonly since: Date | null = null,
  ) {}

  static async make(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Deadline): Promise<S3Claim> {
    const claimKey = beside(objectKey, newPartName(objectKey, owner));
    try {
      return new S3Claim(bucket, claimKey, await bucket.put(claimKey, '{}', JSON_OBJECT, ending));
    } catch (error) {
      // It may be there, and its answer be lost.
      await inTime(bucket.remove(claimKey), ending).catch(() => undefined);
      throw error;
    }
  }

  async isHeld(ending: Ending): Promise<boolean> {
    return (await this.bucket.sizeOf(this.claimKey, ending)) !== null;
  }

  /** Whether the storage writes it anew, although nothing that is there meets the condition. */
  async isWrittenDespite(condition: { IfNoneMatch: '*' } | { IfMatch: string }, ending: Ending): Promise<boolean> {
    try {
      await this.bucket.put(this.claimKey, '{}', { ...JSON_OBJECT, ...condition }, ending);
      return true;
    } catch (error) {
      if (s3ErrorCode(error) === 'PreconditionFailed') return false;
      throw error;
    }
  }

  /** Writes down which upload belongs to the claim. Fails when the claim is gone, so that none is opened behind a sweep. */
  async record(upload: Recorded, ending: Ending): Promise<void> {
    const text = JSON.stringify(upload);
    const more = this.etag === undefined ? JSON_OBJECT : { ...JSON_OBJECT, IfMatch: this.etag };
    try {
      this.etag = await this.bucket.put(this.claimKey, text, more, ending);
    } catch (error) {
      if (s3ErrorCode(error) !== 'PreconditionFailed') throw error;
      // The SDK repeats what was not answered, and the first of its requests may have met the condition.
      const found = await this.read(ending);
      if (found?.text !== text) throw error;
      this.etag = found.etag;
    }
  }

  async read(ending: Ending): Promise<Text | null> {
    return await this.bucket.text(this.claimKey, ending);
  }

  /** Begins an upload. What earlier requests for it may have begun, and was never heard of, is ended, or found by the claim. */
  async beginUpload(objectKey: string, options: ObjectOptions, ending: Ending): Promise<string> {
    const claim = { bucket: this.bucket, objectKey, claimKey: this.claimKey, since: null };
    try {
      const { uploadId, wasRepeated } = await this.bucket.startUpload(objectKey, options, ending);
      if (wasRepeated) await endUnrecorded(claim, uploadId, ending);
      return uploadId;
    } catch (error) {
      this.releaseAfter(persistently((tidying) => endUnrecorded(claim, null, tidying)));
      throw error;
    }
  }

  /** Its upload's end. If that fails, the claim stays: the next attempt, or the run's end, finds both by it. */
  releaseAfter(end: Promise<unknown>): void {
    end.catch(() => undefined); // told by the release
    this.before.push(end);
  }

  async release(): Promise<void> {
    await Promise.all(this.before);
    await persistently((tidying) => this.bucket.remove(this.claimKey, tidying));
  }

  /** Ends all transfers of this owner to this object. @throws the SDK's errors; a refusal when it has tried them all */
  static async sweep(bucket: S3Bucket, objectKey: string, owner: WriteOwner, ending: Ending): Promise<void> {
    const denials: unknown[] = [];
    for (const claim of await S3Claim.leftBy(owner, bucket, objectKey, ending)) {
      await claim.end(objectKey, ending).catch((error: unknown) => {
        if (!isDenied(error)) throw error;
        denials.push(error);
      });
    }
    if (denials.length > 0) throw denials[0];
  }

  static async leftBy(owner: WriteOwner, bucket: S3Bucket, objectKey: string, ending: Ending): Promise<S3Claim[]> {
    const left = await bucket.objectsFrom(beside(objectKey, ownerPrefix(objectKey, owner)), ending);
    return left.map(({ name, since }) => new S3Claim(bucket, name, undefined, since));
  }

  /** Ends the transfer that it stands for: aborts the upload, then removes the claim. */
  private async end(objectKey: string, ending: Ending): Promise<void> {
    const { bucket, claimKey, since } = this;
    if (await this.endRecorded(objectKey, ending)) {
      await bucket.remove(claimKey);
      return;
    }
    const claim = { bucket, objectKey, claimKey, since };
    await endUnrecorded(claim, null, ending);
    await bucket.remove(claimKey);
    await endUnrecorded(claim, null, ending); // what came meanwhile; from now on its writer writes down nothing
  }

  /** Ends a check, whose upload goes to the claim's own key. Those to the final key are others', unless it names one. */
  async endCheck(objectKey: string, ending: Ending): Promise<void> {
    const { bucket, claimKey } = this;
    await this.endRecorded(objectKey, ending);
    for (const upload of await bucket.uploadsTo(claimKey, ending)) await bucket.abortUpload(claimKey, upload.name);
    await bucket.remove(claimKey);
  }

  /** Whether it names an upload. */
  private async endRecorded(objectKey: string, ending: Ending): Promise<boolean> {
    const { uploadId, key = objectKey } = recordedIn(await this.read(ending));
    if (uploadId !== undefined) await this.bucket.endUpload(key, uploadId);
    return uploadId !== undefined;
  }
}

/**
 * Ends what was begun under a claim and is written down nowhere: it came after the claim (S3 counts in seconds), and no claim
 * names it. Another run that has begun in this moment, and has yet to write it down, begins again with its next attempt; the
 * upload of another program is ended as well.
 */
async function endUnrecorded(
  { bucket, objectKey, claimKey, since: found }: Claimed,
  keep: string | null,
  ending: Ending,
): Promise<void> {
  const uploads = (await bucket.uploadsTo(objectKey, ending)).filter(({ name }) => name !== keep);
  if (uploads.length === 0) return;
  const claims = await bucket.objectsFrom(beside(objectKey, UNFINISHED.prefix), ending);
  const since = second(found ?? claims.find(({ name }) => name === claimKey)?.since);
  const open = uploads.filter((upload) => second(upload.since) >= since);
  for (const { name, since: written } of claims) {
    // A claim is written anew when its upload has begun; there may be thousands of older ones.
    const candidates = open.filter((upload) => second(written) >= second(upload.since));
    if (candidates.length === 0) continue;
    const { uploadId } = recordedIn(await bucket.text(name, ending));
    const recorded = candidates.find((upload) => upload.name === uploadId);
    if (recorded !== undefined) open.splice(open.indexOf(recorded), 1);
  }
  for (const { name } of open) await bucket.abortUpload(objectKey, name);
}

/** `NaN`, which compares with nothing, when it is not known. */
function second(date: Date | null | undefined): number {
  return Math.floor((date?.getTime() ?? Number.NaN) / 1000);
}

function beside(objectKey: string, name: string): string {
  return objectKey.slice(0, objectKey.lastIndexOf('/') + 1) + name;
}

/** One that somebody damaged is removed like any other. */
function recordedIn(claim: Text | null): Partial<Recorded> {
  try {
    const { uploadId, key } = JSON.parse(claim?.text ?? '{}') as { readonly [name in keyof Recorded]?: unknown };
    if (typeof uploadId !== 'string') return {};
    return typeof key === 'string' ? { uploadId, key } : { uploadId }; // earlier builds wrote down no key
  } catch {
    return {};
  }
}
