import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newTrialName, removeIfThere } from './part-file.js';
import { StorageError } from './port.js';
import { storageTrouble } from './trouble.js';

/** A file in the temporary directory that nobody else sees and that is gone with the process. */
export class SpoolFile {
  private bytes = 0;

  private constructor(
    private readonly handle: FileHandle,
    private readonly file: string,
  ) {}

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
    await inTemporaryDirectory(async () => {
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await this.handle.write(chunk, done, chunk.length - done, start + done);
        done += bytesWritten;
      }
    });
  }

  /** Fills `into` from `position` on. @throws StorageError - also when the file ends before that */
  async read(into: Uint8Array, position: number): Promise<void> {
    await inTemporaryDirectory(async () => {
      for (let done = 0; done < into.length;) {
        const { bytesRead } = await this.handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) throw new Error('the temporary file is shorter than what was written to it');
        done += bytesRead;
      }
    });
  }

  /** Twice is once. Never throws. */
  async remove(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await removeIfThere(this.file).catch(() => undefined);
  }
}

async function inTemporaryDirectory<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { type, message } = storageTrouble(`Keeping the video in the temporary directory "${tmpdir()}"`, error);
    throw new StorageError(type, `${message} A video waits there until it is whole; TMPDIR sets another directory.`);
  }
}
