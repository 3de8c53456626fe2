import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { siblingKey } from '../contract/output-key.js';
import { confirmDirectory } from './contained-directory.js';
import type { FileContent } from './hash-file.js';
import { removeIfThere } from './part-file.js';
import { placeFile, replaceFile, type Placement } from './place-file.js';
import { StorageError, type StoredVideo, type VideoWrite } from './port.js';
import { syncDirectory } from './sync-directory.js';
import { storageTrouble } from './trouble.js';

interface FileWriteDeps {
  readonly handle: FileHandle;
  /** Real path of the folder that holds both the unfinished file and, in the end, the finished one. */
  readonly directory: string;
  /** What led to it when the transfer began. */
  readonly root: string;
  readonly folders: readonly string[];
  readonly partName: string;
  readonly key: string;
  readonly jobId: string;
  readonly overwrite: boolean;
  uri(key: string): string;
}

/** One transfer into a file that nobody sees until it is whole. */
export class FileWrite implements VideoWrite {
  private written = 0;
  private ended = false;
  private readonly stop = new AbortController();

  constructor(private readonly file: FileWriteDeps) {}

  async write(chunk: Uint8Array): Promise<void> {
    const start = this.written;
    this.written += chunk.length; // at once, so that a caller who does not wait keeps the order all the same
    try {
      this.refuseIfEnded();
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await this.file.handle.write(chunk, done, chunk.length - done, start + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw storageTrouble(`Writing "${this.part}"`, error);
    }
  }

  async publish(content: FileContent): Promise<StoredVideo> {
    const { directory, root, folders } = this.file;
    try {
      this.refuseIfEnded();
      this.ended = true;
      await this.makeDurable(content.bytes);
      await confirmDirectory(directory, root, folders);
      const key = await this.place(content);
      await syncDirectory(directory);
      return { key, uri: this.file.uri(key), bytes: content.bytes, sha256: content.sha256 };
    } catch (error) {
      throw storageTrouble(`Saving "${this.file.key}" in "${directory}"`, error);
    }
  }

  async discard(): Promise<void> {
    this.ended = true;
    this.stop.abort(hasEnded(this.file.key));
    await this.file.handle.close().catch(ignore);
    await removeIfThere(this.part).catch(ignore);
  }

  private get part(): string {
    return path.join(this.file.directory, this.file.partName);
  }

  private refuseIfEnded(): void {
    if (this.ended) throw hasEnded(this.file.key);
  }

  private async makeDurable(expectedBytes: number): Promise<void> {
    const { handle, key } = this.file;
    try {
      const { size } = await handle.stat();
      if (size !== expectedBytes || this.written !== expectedBytes) {
        throw new StorageError(
          'StorageFailed',
          `The file for "${key}" has ${size} bytes instead of ${expectedBytes}; it is downloaded again.`,
        );
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Where the video ended up: its key, or the sibling key when other content has the first. */
  private async place(content: FileContent): Promise<string> {
    const { key, jobId, overwrite } = this.file;
    const sibling = siblingKey(key, jobId);
    const first = await this.placeAt(key, content, overwrite);
    if (first === 'placed') return key;
    const second = await this.placeAt(sibling, content, false);
    if (second === 'placed') return sibling;
    throw new StorageError(
      'StorageFailed',
      second === 'lost'
        ? `The unfinished file for "${key}" was removed while it was written, by another attempt or a clean-up.`
        : `Both "${key}" and "${sibling}" hold other content, so the video was not saved; move one of them away.`,
    );
  }

  private async placeAt(key: string, content: FileContent, replace: boolean): Promise<Placement> {
    const target = path.join(this.file.directory, path.posix.basename(key));
    const sought = { ...content, signal: this.stop.signal };
    return await (replace ? replaceFile : placeFile)(this.part, target, sought);
  }
}

function hasEnded(key: string): StorageError {
  return new StorageError('StorageFailed', `The transfer of "${key}" has ended already.`);
}

/** Clean-up is best effort: what stays is swept by the next attempt. */
function ignore(): void {
  return undefined;
}
