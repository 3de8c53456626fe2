import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type _Object,
  type GetObjectCommandOutput,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { FileContent } from './hash-file.js';
import { StorageError } from './port.js';
import { S3Requests, type Ending } from './s3-requests.js';
import { tidying } from './s3-tidying.js';
import { s3ErrorCode } from './s3-trouble.js';
import { S3Multipart } from './s3-multipart.js';

/** An object, and since when it is there as it is. */
export interface Named {
  readonly name: string;
  readonly since: Date | null;
}

/** What is longer is no text of longtake's, and is read no further. */
const TEXT_ENDS_AT = 16 * 1024;

/** A small object, as it was read. */
export interface Text {
  readonly text: string;
  readonly etag: string;
}

/** The few calls of S3 that longtake makes for objects, over full keys. All throw the SDK's errors. */
export class S3Bucket {
  readonly uploads: S3Multipart;
  private readonly requests: S3Requests;

  constructor(
    client: S3Client,
    readonly name: string,
  ) {
    this.requests = new S3Requests(client);
    this.uploads = new S3Multipart(this.requests, name);
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
    return await this.read(key, ending, async (body) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of body) {
        ending.abortSignal?.throwIfAborted();
        hash.update(chunk);
        bytes += chunk.length;
      }
      return { bytes, sha256: hash.digest('hex') };
    });
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

  /** The beginning of an object, which is all of a small one, or `null`; refused where it is not the one of `etag` any more. */
  async text(key: string, ending: Ending = {}, etag?: string): Promise<Text | null> {
    const read = async (body: AsyncIterable<Uint8Array>, found?: string): Promise<Text> => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of body) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > TEXT_ENDS_AT) break;
      }
      return { text: Buffer.concat(chunks).toString('utf8'), etag: known(found) };
    };
    return await this.read(key, ending, read, etag);
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

  private async firstFrom(prefix: string, ending: Ending): Promise<_Object | undefined> {
    const list = new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix, MaxKeys: 1 });
    return (await this.requests.send(list, ending)).Contents?.[0];
  }

  /** The SDK's tries end where a body begins: so it is read within them, and one that breaks or stalls is asked for again. */
  private async read<T>(
    key: string,
    ending: Ending,
    take: (body: AsyncIterable<Uint8Array>, etag?: string) => Promise<T>,
    IfMatch?: string,
  ): Promise<T | null> {
    const command = new GetObjectCommand({ Bucket: this.name, Key: key, IfMatch });
    const taken: T[] = [];
    command.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const { Body, ETag } = answer.output as GetObjectCommandOutput;
        if (Body !== undefined) taken.push(await take(Body as AsyncIterable<Uint8Array>, ETag));
        return answer;
      },
      { step: 'deserialize', priority: 'high' },
    );
    try {
      await this.requests.send(command, ending);
      return taken.at(-1) ?? null;
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
