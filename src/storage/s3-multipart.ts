import { setTimeout as delay } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
  type CompletedPart,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import type { Ending, S3Requests } from './s3-requests.js';
import { tidying } from './s3-tidying.js';
import { isGone, isPassing } from './s3-trouble.js';

/** What is written along with an object, and the condition: with `replace` false only a key that is free is written. */
export interface ObjectOptions {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly replace: boolean;
}

export interface OpenUpload {
  readonly uploadId: string;
  /** When it was begun. */
  readonly since: Date | null;
  /** Those of one request look the same; `null` where the list names no checksum, so that most do. */
  readonly look: string | null;
}

const CHECKSUM = 'SHA256';

/** Between aborts of one upload, in case that parts of it were on their way. */
const ABORT_AGAIN_AFTER_MS = [1_000, 2_000, 4_000] as const;

/** The multipart uploads of a bucket, over full object keys. All calls throw the SDK's errors. */
export class S3Multipart {
  constructor(
    private readonly requests: S3Requests,
    private readonly bucket: string,
  ) {}

  /** Where it was repeated, each of the requests that were not answered may have begun an upload as well. */
  async start(
    key: string,
    { contentType, metadata }: ObjectOptions,
    ending: Ending = {},
  ): Promise<{ readonly uploadId: string; readonly wasRepeated: boolean }> {
    const command = new CreateMultipartUploadCommand({
      Bucket: this.bucket,
      Key: key,
      ContentType: contentType,
      Metadata: { ...metadata },
      ChecksumAlgorithm: CHECKSUM,
    });
    const { UploadId = '', wasRepeated } = await this.requests.send(command, ending, (answer) => !!answer.UploadId);
    return { uploadId: UploadId, wasRepeated };
  }

  /** The open uploads to exactly this key that may be longtake's; none where the storage does not tell, whatever its words for that are. */
  async openTo(key: string, ending: Ending = {}): Promise<OpenUpload[]> {
    try {
      const list = new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: key });
      const { Uploads = [] } = await this.requests.send(list, ending);
      return Uploads.flatMap((upload) => {
        const { Key, UploadId, Initiated = null, ChecksumAlgorithm: checksum = '' } = upload;
        if (Key !== key || UploadId === undefined || !['', CHECKSUM].includes(checksum)) return [];
        return [{ uploadId: UploadId, since: Initiated, look: checksum === '' ? null : lookOf(upload) }];
      });
    } catch (error) {
      if (isPassing(error)) throw error;
      return [];
    }
  }

  /** The storage refuses a body with another `sha256`. */
  async putPart(
    part: { readonly key: string; readonly uploadId: string; readonly number: number; readonly body: Uint8Array },
    sha256: Buffer,
    ending: Ending = {},
  ): Promise<CompletedPart> {
    const ChecksumSHA256 = sha256.toString('base64');
    const command = new UploadPartCommand({
      Bucket: this.bucket,
      Key: part.key,
      UploadId: part.uploadId,
      PartNumber: part.number,
      Body: part.body,
      ChecksumSHA256,
    });
    const { ETag } = await this.requests.send(command, ending, (answer) => answer.ETag !== undefined);
    return { PartNumber: part.number, ETag, ChecksumSHA256 };
  }

  /** Some services give an error with the status of a success: where nothing is said to have come of it, it is asked for again. */
  async finish(
    upload: { readonly key: string; readonly uploadId: string; readonly parts: readonly CompletedPart[] },
    { replace }: Pick<ObjectOptions, 'replace'>,
    ending: Ending = {},
  ): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.bucket,
      Key: upload.key,
      UploadId: upload.uploadId,
      MultipartUpload: { Parts: [...upload.parts] },
      ...(replace ? {} : { IfNoneMatch: '*' }),
    });
    await this.requests.send(command, ending, ({ ETag, Key }) => (ETag ?? Key) !== undefined);
  }

  /** Whether it was still there; one that is gone already is fine. */
  async abort(key: string, uploadId: string, ending: Ending = tidying()): Promise<boolean> {
    try {
      const command = new AbortMultipartUploadCommand({ Bucket: this.bucket, Key: key, UploadId: uploadId });
      await this.requests.send(command, ending);
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  /** Aborts it until it is gone: a part that the storage is still at may outlive an abort, as AWS says of its own. */
  async end(key: string, uploadId: string, ending: Ending = tidying()): Promise<void> {
    for (const pauseMs of ABORT_AGAIN_AFTER_MS) {
      if (!(await this.abort(key, uploadId, ending))) return;
      await delay(pauseMs, undefined, { signal: ending.abortSignal });
    }
    await this.abort(key, uploadId, ending); // services that never say that it is gone must not keep the claim
  }
}

function lookOf({ ChecksumType, Initiator, StorageClass }: MultipartUpload): string {
  return JSON.stringify([ChecksumType, Initiator?.ID, StorageClass]);
}
