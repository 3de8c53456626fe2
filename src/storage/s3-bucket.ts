import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type _Object,
  type $Command,
  type CompletedPart,
  type PutObjectCommandInput,
  type S3Client,
  type S3ClientResolvedConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import type { FileContent } from './hash-file.js';
import { patiently, type Patience } from './s3-patience.js';
import { tidying } from './s3-tidying.js';
import { isDenied, isNotImplemented, s3ErrorCode } from './s3-trouble.js';

/** What is written along with an object, and the condition: with `replace` false only a key that is free is written. */
export interface ObjectOptions {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly replace: boolean;
}

/** An object or an upload, and since when there is one by that name. */
export interface Named {
  readonly name: string;
  readonly since: Date | null;
}

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = $Command<
  I,
  O,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** A small object, as it was read. */
export interface Text {
  readonly text: string;
  readonly etag: string | undefined;
}

/** What ends a request, which waits for no storage that is off, unless it has patience. */
export type Ending = Partial<Patience>;

/** Between aborts of one upload, in case that parts of it were on their way. */
const ABORT_AGAIN_AFTER_MS = [1_000, 2_000, 4_000] as const;

/** The few calls of S3 that longtake makes, over full object keys. All throw the SDK's errors. */
export class S3Bucket {
  constructor(
    private readonly client: S3Client,
    readonly name: string,
  ) {}

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
      const page = await this.send(
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

  /** A small object, or `null`. */
  async text(key: string, ending: Ending = {}): Promise<Text | null> {
    const found = await this.read(key, ending);
    if (found === null) return null;
    const chunks: Uint8Array[] = [];
    for await (const chunk of found.body) chunks.push(chunk);
    return { text: Buffer.concat(chunks).toString('utf8'), etag: found.etag };
  }

  /** @returns the new object's ETag */
  async put(
    key: string,
    body: string,
    more: Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>,
    ending: Ending = {},
  ): Promise<string | undefined> {
    return (await this.send(new PutObjectCommand({ ...more, Bucket: this.name, Key: key, Body: body }), ending)).ETag;
  }

  async remove(key: string, ending: Ending = tidying()): Promise<void> {
    await this.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }), ending);
  }

  /** `wasRepeated`: the answers to earlier requests were lost, and each of them may have begun an upload as well. */
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
    const { UploadId, $metadata } = await this.send(command, ending);
    if (UploadId === undefined) throw new Error('the storage gave no upload id');
    return { uploadId: UploadId, wasRepeated: $metadata.attempts !== 1 };
  }

  /** Ids of the open uploads to exactly this key, as far as the credentials may see them. */
  async uploadsTo(key: string, ending: Ending = {}): Promise<Named[]> {
    try {
      const list = new ListMultipartUploadsCommand({ Bucket: this.name, Prefix: key });
      const { Uploads = [] } = await this.send(list, ending);
      return Uploads.flatMap(({ Key, UploadId, Initiated }) =>
        Key === key && UploadId !== undefined ? [{ name: UploadId, since: Initiated ?? null }] : [],
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
    const { ETag } = await this.send(command, ending);
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
    await this.send(command, ending);
  }

  /** Whether it was still there; one that is gone already is fine. */
  async abortUpload(key: string, uploadId: string, ending: Ending = tidying()): Promise<boolean> {
    try {
      const command = new AbortMultipartUploadCommand({ Bucket: this.name, Key: key, UploadId: uploadId });
      await this.send(command, ending);
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

  private async send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    { abortSignal, onTrouble }: Ending,
  ): Promise<O> {
    if (abortSignal === undefined) return await this.client.send(command);
    if (onTrouble === undefined) return await this.client.send(command, { abortSignal });
    return await patiently(
      async (before) => {
        const answer = await this.client.send(command, { abortSignal });
        const { attempts = 1, ...more } = answer.$metadata;
        return { ...answer, $metadata: { ...more, attempts: attempts + before } };
      },
      { abortSignal, onTrouble },
    );
  }

  private async firstFrom(prefix: string, ending: Ending): Promise<_Object | undefined> {
    const list = new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, MaxKeys: 1 });
    return (await this.send(list, ending)).Contents?.[0];
  }

  private async read(key: string, ending: Ending) {
    try {
      const { Body, ETag } = await this.send(new GetObjectCommand({ Bucket: this.name, Key: key }), ending);
      return Body === undefined ? null : { body: Body as AsyncIterable<Uint8Array>, etag: ETag };
    } catch (error) {
      if (s3ErrorCode(error) === 'NoSuchKey') return null;
      throw error;
    }
  }
}
