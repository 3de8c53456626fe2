import { siblingKey } from '../contract/output-key.js';
import type { FileContent } from './hash-file.js';
import { StorageError, type OpenOptions, type StoredVideo, type VideoWrite, type WriteOwner } from './port.js';
import type { Patience } from './s3-patience.js';
import type { Ending } from './s3-requests.js';
import { inTime } from './s3-tidying.js';
import { isDenied, s3ErrorCode, s3Trouble } from './s3-trouble.js';
import { uploadObject, type Upload } from './s3-upload.js';

interface S3WriteDeps extends Omit<Upload, 'patience' | 'refuseIfSwept'>, OpenOptions {
  readonly key: string;
  readonly objectKey: (key: string) => string;
  readonly uri: (key: string) => string;
}

/** A video that is saved must not be told late, nor a transfer that has failed; tidying up goes on meanwhile. */
const TIDYING_HOLDS_UP_MS = 10_000;

/** The answers that say: somebody was there before, perhaps this very upload, whose own answer was lost. */
const SETTLED: ReadonlySet<string> = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchUpload']);

/** What is under a key: this content, what may not be replaced (`folder` never), or nothing. */
type Placement = 'placed' | 'taken' | 'folder' | 'free';

/**
 * One transfer to S3. The bytes wait in a local file, so that nothing is uploaded before it is known to be a whole video,
 * under which sha256, and whether its key is still free. See docs/decisions/0013-s3-uploads.md.
 */
export class S3Write implements VideoWrite {
  private readonly stop = new AbortController();
  private publishing: Promise<StoredVideo> | null = null;
  private cleaning: Promise<void> | null = null;
  private readonly patience: Patience = {
    abortSignal: this.stop.signal,
    onTrouble: (error) => this.to.onTrouble?.(this.trouble(error)),
  };

  constructor(private readonly to: S3WriteDeps) {}

  async write(chunk: Uint8Array): Promise<void> {
    this.refuseIfEnded();
    await this.to.spool.append(chunk);
  }

  async publish(content: FileContent): Promise<StoredVideo> {
    this.refuseIfEnded();
    this.publishing = this.save(content);
    return await this.publishing;
  }

  async discard(): Promise<void> {
    this.stop.abort(ended(this.to.key));
    await this.publishing?.catch(() => undefined);
    await this.cleanUp();
  }

  private refuseIfEnded(): void {
    if (this.publishing !== null || this.stop.signal.aborted) throw ended(this.to.key);
  }

  private async save(content: FileContent): Promise<StoredVideo> {
    const { key, spool, uri } = this.to;
    try {
      if (spool.length !== content.bytes) throw incomplete(key, spool.length, content.bytes);
      const finalKey = await this.place(content);
      return { key: finalKey, uri: uri(finalKey), bytes: content.bytes, sha256: content.sha256 };
    } catch (error) {
      throw this.trouble(error);
    } finally {
      await this.cleanUp();
    }
  }

  private trouble(error: unknown): StorageError {
    return s3Trouble(`Saving "${this.to.key}" in ${this.to.uri('')}`, error);
  }

  /** Where the video ended up: its key, or the sibling key when other content has the first. */
  private async place(content: FileContent): Promise<string> {
    const { key, owner, overwrite } = this.to;
    if ((await this.placeAt(key, content, overwrite)) === 'placed') return key;
    const sibling = siblingKey(key, owner.jobId);
    if ((await this.placeAt(sibling, content, false)) === 'placed') return sibling;
    throw new StorageError(
      'StorageFailed',
      `Both "${key}" and "${sibling}" hold other content, so the video was not saved; move one of them away.`,
    );
  }

  /** Looks before it uploads, which may take minutes; the condition of the upload itself decides in the end. */
  private async placeAt(key: string, content: FileContent, replace: boolean): Promise<Exclude<Placement, 'free'>> {
    const found = await this.compare(key, content);
    if (isFinal(found, replace)) return found;
    const options = { contentType: 'video/mp4', metadata: metadataOf(this.to.owner, content), replace };
    const objectKey = this.to.objectKey(key);
    const upload = this.uploadOf(key);
    try {
      await uploadObject(upload, objectKey, content, options);
      return 'placed';
    } catch (error) {
      const now = await this.compare(key, content); // whatever was answered, a video that is there is saved
      if (isFinal(now, replace)) return now;
      await upload.refuseIfSwept(this.patience);
      throw SETTLED.has(s3ErrorCode(error)) ? swept(key) : error;
    }
  }

  private uploadOf(key: string): Upload {
    const refuseIfSwept = async (ending: Ending): Promise<void> => {
      if (!(await this.to.claim.isHeld(ending))) throw swept(key);
    };
    return { ...this.to, patience: this.patience, refuseIfSwept };
  }

  private async compare(key: string, content: FileContent): Promise<Placement> {
    const { bucket, objectKey } = this.to;
    const bytes = await bucket.sizeOf(objectKey(key), this.patience);
    if (bytes === content.bytes && (await this.holds(objectKey(key), content))) return 'placed';
    if (await bucket.isFolder(objectKey(key), this.patience)) return 'folder';
    return bytes === null ? 'free' : 'taken';
  }

  /** What may not be read, as in an archive, holds what its head says. */
  private async holds(objectKey: string, content: FileContent): Promise<boolean> {
    const { bucket } = this.to;
    try {
      return (await bucket.hash(objectKey, this.patience))?.sha256 === content.sha256;
    } catch (error) {
      if (!isDenied(error)) throw error;
      return await bucket.isSaidToHold(objectKey, content, this.patience);
    }
  }

  /** Best effort, and once: what stays is swept by the next attempt. */
  private cleanUp(): Promise<void> {
    return (this.cleaning ??= this.tidy());
  }

  private async tidy(): Promise<void> {
    await this.to.spool.remove();
    const waitedFor = { abortSignal: AbortSignal.timeout(TIDYING_HOLDS_UP_MS) };
    await inTime(this.to.claim.release(), waitedFor).catch(() => undefined);
  }
}

function isFinal(found: Placement, replace: boolean): found is Exclude<Placement, 'free'> {
  return found !== 'free' && !(found === 'taken' && replace);
}

/** Printable ASCII and at most 2 KiB in all, which is what S3 takes. */
function metadataOf({ workflowId, jobId }: WriteOwner, { sha256 }: FileContent): Record<string, string> {
  return { 'workflow-id': headerText(workflowId), 'job-id': headerText(jobId), sha256 };
}

function headerText(text: string): string {
  const MAX_CHARACTERS = 800;
  return encodeURIComponent(text.toWellFormed()).slice(0, MAX_CHARACTERS).replace(/%.?$/, '');
}

function ended(key: string): StorageError {
  return new StorageError('StorageFailed', `The transfer of "${key}" has ended already.`);
}

function swept(key: string): StorageError {
  return new StorageError(
    'StorageFailed',
    `The unfinished transfer of "${key}" was swept while it ran, by another attempt or a clean-up.`,
  );
}

function incomplete(key: string, bytes: number, expected: number): StorageError {
  return new StorageError(
    'StorageFailed',
    `The temporary file for "${key}" has ${bytes} bytes instead of ${expected}; it is downloaded again.`,
  );
}
