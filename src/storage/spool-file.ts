import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BlockSums, sha256Of } from './block-sums.js';
import { PART_BYTES } from './part-buffers.js';
import { newTrialName, removeIfThere } from './part-file.js';
import { StorageError } from './port.js';
import { tryToWrite } from './trial-file.js';
import { storageTrouble } from './trouble.js';

/**
 * A file in the temporary directory that nobody else sees and that is gone with the process. It is never synced, and a disk
 * may lose what it took without a word (a thin volume that is full, one that is dying), so what is read is compared.
 */
export class SpoolFile {
  private bytes = 0;
  private readonly sums = new BlockSums(PART_BYTES);

  private constructor(
    private readonly handle: FileHandle,
    private readonly file: string,
  ) {}

  /** Whether there is room for one at all. @throws StorageError */
  static async check(): Promise<void> {
    await inTemporaryDirectory(() => tryToWrite(path.join(tmpdir(), newTrialName())));
  }

  /** @throws StorageError */
  static async create(): Promise<SpoolFile> {
    const file = path.join(tmpdir(), newTrialName());
    return await inTemporaryDirectory(async () => {
      const handle = await open(file, 'wx+', 0o600);
      // Windows may refuse; there the name goes with `remove`.
      await unlink(file).catch(() => undefined);
      return new SpoolFile(handle, file);
    });
  }

  /** Everything that was appended, in bytes. */
  get length(): number {
    return this.bytes;
  }

  /** Keeps the order of callers that do not wait. @throws StorageError */
  async append(chunk: Uint8Array): Promise<void> {
    const start = this.bytes;
    this.bytes += chunk.length;
    this.sums.add(chunk);
    await inTemporaryDirectory(async () => {
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await this.handle.write(chunk, done, chunk.length - done, start + done);
        done += bytesWritten;
      }
    });
  }

  /**
   * Fills `into` from `position` on: whole blocks of `PART_BYTES`, up to the end of one or of the file.
   * @returns the sha256 of it
   * @throws StorageError - also when it is not what was appended
   */
  async read(into: Uint8Array, position: number): Promise<Buffer> {
    return await inTemporaryDirectory(async () => {
      for (let done = 0; done < into.length;) {
        const { bytesRead } = await this.handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) throw lost();
        done += bytesRead;
      }
      for (let at = 0; at < into.length; at += PART_BYTES) {
        const sum = sha256Of(into.subarray(at, at + PART_BYTES));
        if (!sum.equals(this.sums.of((position + at) / PART_BYTES))) throw lost();
      }
      return into.length > PART_BYTES ? sha256Of(into) : this.sums.of(position / PART_BYTES);
    });
  }

  /** Twice is once. Never throws. */
  async remove(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await removeIfThere(this.file).catch(() => undefined);
  }
}

function lost(): StorageError {
  return new StorageError(
    'StorageFailed',
    `The disk under the temporary directory "${tmpdir()}" lost what it took: it gave back other bytes than were written, and they are downloaded again. See whether it, or what it lies on, is full or failing.`,
  );
}

async function inTemporaryDirectory<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { type, message } = storageTrouble(`Keeping the video in the temporary directory "${tmpdir()}"`, error);
    throw new StorageError(type, `${message} A video waits there until it is whole; TMPDIR sets another directory.`);
  }
}
