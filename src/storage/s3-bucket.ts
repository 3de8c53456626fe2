import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type _Object,
  type CompletedPart,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { FileContent } from './hash-file.js';
import { StorageError } from './port.js';
import { S3Requests, type Ending } from './s3-requests.js';
import { tidying } from './s3-tidying.js';
import { isDenied, isNotImplemented, s3ErrorCode } from './s3-trouble.js';

/** What is written along with an object, and the condition: with `replace` false only a key that is free is written. */
export interface ObjectOptions {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly replace: boolean;
}

/** An object, and since when it is there as it is. */
export interface Named {
  readonly name: string;
  readonly since: Date | null;
}

export interface OpenUpload {
  readonly uploadId: string;
  /** When it was begun. */
  readonly since: Date | null;
}

/** A small object, as it was read. */
export interface Text {
  readonly text: string;
  readonly etag: string;
}

/** Between aborts of one upload, in case that parts of it were on their way. */
const ABORT_AGAIN_AFTER_MS = [1_000, 2_000, 4_000] as const;

/** The few calls of S3 that longtake makes, over full object keys. All throw the SDK's errors. */
export class S3Bucket {
  private readonly requests: S3Requests;

  constructor(
    client: S3Client,
    readonly name: string,
  ) {
    this.requests = new S3Requests(client);
  }

  /** Of the object under exactly this key, or `null`. Lists, because the answer to a HEAD cannot say why it refuses. */
  async sizeOf(key: string, ending: Ending = {}): Promise<number | null> {
    const first = await this.firstFrom(key, ending);
    return first?.Key === key ? (first.Size ?? 0) : null;
  }

  /** Whether objects lie below the key: it is a folder then for services that keep files, which have no object beside it. */
  async isFolder(key: string, ending: Ending = {}): Promise<boolean> {
    return (await this.firstFrom(`${key}/`, ending)) !== undefined;
  }

  /** Objects whose keys begin so. */
  async objectsFrom(prefix: string, ending: Ending = {}): Promise<Named[]> {
    const objects: Named[] = [];
    let token: string | undefined;
    do {
      const page = await this.requests.send(
        new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, ContinuationToken: token }),
        ending,
      );
      for (const { Key, LastModified } of page.Contents ?? []) {
        if (Key !== undefined) objects.push({ name: Key, since: LastModified ?? null });
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return objects;
  }

  /** Length and sha256 of what is there now, read as a stream; `null` when there is nothing. */
  async hash(key: string, ending: Ending = {}): Promise<FileContent | null> {
    const found = await this.read(key, ending);
    if (found === null) return null;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of found.body) {
      ending.abortSignal?.throwIfAborted();
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  }

  /**
   * Whether the head of an object says that it has this content. `false` decides nothing: a service may keep no metadata,
   * and a HEAD cannot say why it is refused.
   */
  async isSaidToHold(key: string, { bytes, sha256 }: FileContent, ending: Ending = {}): Promise<boolean> {
    try {
      const head = await this.requests.send(new HeadObjectCommand({ Bucket: this.name, Key: key }), ending);
      return head.ContentLength === bytes && head.Metadata?.['sha256'] === sha256;
    } catch {
      ending.abortSignal?.throwIfAborted();
      return false;
    }
  }

  /** A small object, or `null`; refused where it is not the one of `etag` any more. */
  async text(key: string, ending: Ending = {}, etag?: string): Promise<Text | null> {
    const found = await this.read(key, ending, etag);
    if (found === null) return null;
    const chunks: Uint8Array[] = [];
    for await (const chunk of found.body) chunks.push(chunk);
    return { text: Buffer.concat(chunks).toString('utf8'), etag: known(found.etag) };
  }

  async put(
    key: string,
    body: string,
    more: Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>,
    ending: Ending = {},
  ): Promise<{ readonly etag: string; readonly wasRepeated: boolean }> {
    const command = new PutObjectCommand({ ...more, Bucket: this.name, Key: key, Body: body });
    const { ETag, wasRepeated } = await this.requests.send(command, ending);
    return { etag: known(ETag), wasRepeated };
  }

  async remove(key: string, ending: Ending = tidying()): Promise<void> {
    await this.requests.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }), ending);
  }

  /** Where it was repeated, each of the requests that were not answered may have begun an upload as well. */
  async startUpload(
    key: string,
    { contentType, metadata }: ObjectOptions,
    ending: Ending = {},
  ): Promise<{ readonly uploadId: string; readonly wasRepeated: boolean }> {
    const command = new CreateMultipartUploadCommand({
      Bucket: this.name,
      Key: key,
      ContentType: contentType,
      Metadata: { ...metadata },
      ChecksumAlgorithm: 'SHA256',
    });
    const { UploadId, wasRepeated } = await this.requests.send(command, ending);
    if (UploadId === undefined) throw new Error('the storage gave no upload id');
    return { uploadId: UploadId, wasRepeated };
  }

  /** The open uploads to exactly this key, as far as the credentials may see them. */
  async uploadsTo(key: string, ending: Ending = {}): Promise<OpenUpload[]> {
    try {
      const list = new ListMultipartUploadsCommand({ Bucket: this.name, Prefix: key });
      const { Uploads = [] } = await this.requests.send(list, ending);
      return Uploads.flatMap(({ Key, UploadId, Initiated }) =>
        Key === key && UploadId !== undefined ? [{ uploadId: UploadId, since: Initiated ?? null }] : [],
      );
    } catch (error) {
      if (isDenied(error) || isNotImplemented(error)) return [];
      throw error;
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
      Bucket: this.name,
      Key: part.key,
      UploadId: part.uploadId,
      PartNumber: part.number,
      Body: part.body,
      ChecksumSHA256,
    });
    const { ETag } = await this.requests.send(command, ending);
    return { PartNumber: part.number, ETag, ChecksumSHA256 };
  }

  async finishUpload(
    upload: { readonly key: string; readonly uploadId: string; readonly parts: readonly CompletedPart[] },
    { replace }: Pick<ObjectOptions, 'replace'>,
    ending: Ending = {},
  ): Promise<void> {
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      MultipartUpload: { Parts: [...upload.parts] },
      ...(replace ? {} : { IfNoneMatch: '*' }),
    });
    await this.requests.send(command, ending, ({ ETag, Key }) => (ETag ?? Key) !== undefined);
  }

  /** Whether it was still there; one that is gone already is fine. */
  async abortUpload(key: string, uploadId: string, ending: Ending = tidying()): Promise<boolean> {
    try {
      const command = new AbortMultipartUploadCommand({ Bucket: this.name, Key: key, UploadId: uploadId });
      await this.requests.send(command, ending);
      return true;
    } catch (error) {
      if (s3ErrorCode(error) === 'NoSuchUpload') return false;
      throw error;
    }
  }

  /** Aborts it until it is gone: a part that the storage is still at may outlive an abort, as AWS says of its own. */
  async endUpload(key: string, uploadId: string, ending: Ending = tidying()): Promise<void> {
    for (const pauseMs of ABORT_AGAIN_AFTER_MS) {
      if (!(await this.abortUpload(key, uploadId, ending))) return;
      await delay(pauseMs, undefined, { signal: ending.abortSignal });
    }
    await this.abortUpload(key, uploadId, ending); // services that never say that it is gone must not keep the claim
  }

  private async firstFrom(prefix: string, ending: Ending): Promise<_Object | undefined> {
    const list = new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, MaxKeys: 1 });
    return (await this.requests.send(list, ending)).Contents?.[0];
  }

  private async read(key: string, ending: Ending, IfMatch?: string) {
    try {
      const command = new GetObjectCommand({ Bucket: this.name, Key: key, IfMatch });
      const { Body, ETag } = await this.requests.send(command, ending);
      return Body === undefined ? null : { body: Body as AsyncIterable<Uint8Array>, etag: ETag };
    } catch (error) {
      if (s3ErrorCode(error) === 'NoSuchKey') return null;
      throw error;
    }
  }
}

/** @throws StorageError - without it no condition can be put on an object */
function known(etag: string | undefined): string {
  if (etag !== undefined) return etag;
  throw new StorageError('StorageFailed', 'The storage gives objects no ETag; longtake needs one that does.');
}
