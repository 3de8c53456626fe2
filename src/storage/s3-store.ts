import { randomUUID } from 'node:crypto';
import { outputKeyProblem, storedKeyProblem } from '../contract/output-key.js';
import { LIMITS } from '../contract/limits.js';
import { PartBuffers } from './part-buffers.js';
import {
  StorageError,
  type CheckOptions,
  type FindOptions,
  type OpenOptions,
  type StoredVideo,
  type VideoStore,
  type VideoWrite,
  type WriteOwner,
} from './port.js';
import { S3Bucket } from './s3-bucket.js';
import { S3Claim } from './s3-claim.js';
import { createS3Client } from './s3-client.js';
import { s3Uri, type S3Access, type S3Location } from './s3-location.js';
import { sweep } from './s3-sweep.js';
import { tryToSave, whileSweeping } from './s3-trial.js';
import { isPassing, s3Trouble } from './s3-trouble.js';
import { S3Write } from './s3-write.js';
import { SpoolFile } from './spool-file.js';

/** Finished videos as objects below one prefix of a bucket. @throws StorageError - there is no region */
export async function createS3Store(location: S3Location, access: S3Access): Promise<VideoStore> {
  return new S3Store(new S3Bucket(await createS3Client(access), location.bucket), location.prefix);
}

class S3Store implements VideoStore {
  readonly description: string;
  private readonly buffers = new PartBuffers();

  constructor(
    private readonly bucket: S3Bucket,
    private readonly prefix: string,
  ) {
    this.description = s3Uri(bucket.name, prefix);
  }

  async check(key: string, { overwrite, owner = nobody() }: CheckOptions): Promise<void> {
    const objectKey = this.parse(key);
    const problem = outputKeyProblem(objectKey);
    if (problem !== null) throw refused(key, `with the prefix before it, ${problem}`);
    await this.guarded(`Looking whether "${key}" can be saved`, async () => {
      const ending = soon();
      await whileSweeping(this.bucket, objectKey, owner, ending, async () => {
        if (await this.bucket.isFolder(objectKey, ending)) throw folderConflict(key, this.uri(key));
        if ((await this.bucket.sizeOf(objectKey, ending)) !== null && !overwrite) throw conflict(key, this.uri(key));
        await tryToSave(this.bucket, objectKey, owner, ending);
      });
      await SpoolFile.check(); // where the video will wait
    });
  }

  async find(key: string, { signal, bytes }: FindOptions = {}): Promise<StoredVideo | null> {
    const objectKey = this.parse(key);
    const ending = signal === undefined ? {} : { abortSignal: signal };
    return await this.guarded(`Reading "${key}"`, async () => {
      if (bytes !== undefined && (await this.bucket.sizeOf(objectKey, ending)) !== bytes) return null;
      const content = await this.bucket.hash(objectKey, ending);
      return content === null ? null : { key, uri: this.uri(key), ...content };
    });
  }

  async open(key: string, options: OpenOptions): Promise<VideoWrite> {
    const objectKey = this.parse(key);
    return await this.guarded(`Starting to save "${key}"`, async () => {
      const left = (error: unknown): void => options.onLeftover?.(this.trouble(removing(key), error));
      await sweep(this.bucket, objectKey, options.owner, soon(), left).catch((error: unknown) => {
        if (isPassing(error)) throw error; // the next attempt may do it; what is refused for good must not cost a video
        left(error);
      });
      const spool = await SpoolFile.create();
      try {
        const claim = await S3Claim.make(this.bucket, objectKey, options.owner, soon());
        const { bucket, buffers } = this;
        return new S3Write({
          ...options,
          key,
          bucket,
          buffers,
          spool,
          claim,
          objectKey: (finalKey) => this.prefix + finalKey,
          uri: (finalKey) => this.uri(finalKey),
        });
      } catch (error) {
        await spool.remove();
        throw error;
      }
    });
  }

  async sweep(key: string, owner: WriteOwner): Promise<void> {
    const objectKey = this.parse(key);
    await this.guarded(removing(key), () => sweep(this.bucket, objectKey, owner, soon()));
  }

  private parse(key: string): string {
    const problem = storedKeyProblem(key);
    if (problem === null) return this.prefix + key;
    throw refused(key, problem);
  }

  private uri(key: string): string {
    return s3Uri(this.bucket.name, this.prefix + key);
  }

  private async guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.trouble(doing, error);
    }
  }

  private trouble(doing: string, error: unknown): StorageError {
    return s3Trouble(`${doing} in ${this.description}`, error);
  }
}

function removing(key: string): string {
  return `Removing unfinished transfers of "${key}"`;
}

/** A few small requests take seconds; a storage that lets them hang must not hold a slot. */
function soon() {
  return { abortSignal: AbortSignal.timeout(LIMITS.storageCheckMs) };
}

/** Who looks on behalf of no run. */
function nobody(): WriteOwner {
  return { workflowId: '', runId: randomUUID(), jobId: '' };
}

function refused(key: string, problem: string): StorageError {
  return new StorageError('InvalidRequest', `The output key ${JSON.stringify(key)} is refused: ${problem}.`);
}

function folderConflict(key: string, uri: string): StorageError {
  return new StorageError(
    'OutputConflict',
    `The output key "${key}" is taken: ${uri} is a folder; choose another output key (--output).`,
  );
}

function conflict(key: string, uri: string): StorageError {
  return new StorageError(
    'OutputConflict',
    `The output key "${key}" is taken: ${uri} exists; choose another output key (--output), or set overwrite (--overwrite) to replace it.`,
  );
}
