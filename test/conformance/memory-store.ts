import { createHash } from 'node:crypto';
import { outputKeyProblem, siblingKey } from '../../src/contract/output-key.js';
import {
  StorageError,
  type CheckOptions,
  type FindOptions,
  type OpenOptions,
  type StoredVideo,
  type VideoStore,
  type VideoWrite,
  type WriteOwner,
} from '../../src/storage/port.js';

/** The smallest store that keeps every promise of the port: where to begin with another one (docs/how-to/add-a-storage.md). */
export class MemoryStore implements VideoStore {
  readonly description = 'memory://store/';
  readonly finished = new Map<string, Buffer>();
  private readonly unfinished = new Map<MemoryWrite, string>();

  async check(key: string, { overwrite, owner }: CheckOptions): Promise<void> {
    if (owner !== undefined) await this.sweep(key, owner);
    await promised(() => {
      refuseBadKey(key);
      if (this.isFolder(key)) {
        throw new StorageError(
          'OutputConflict',
          `The output key "${key}" is taken: it is a folder; choose another output key (--output).`,
        );
      }
      if (this.finished.has(key) && !overwrite) {
        throw new StorageError('OutputConflict', `The output key "${key}" is taken; choose another, or set overwrite.`);
      }
      // A storage that can refuse, for want of room or rights, is written to here, and nothing is left behind.
    });
  }

  find(key: string, { signal }: FindOptions = {}): Promise<StoredVideo | null> {
    return promised(() => {
      signal?.throwIfAborted();
      refuseBadKey(key);
      const video = this.finished.get(key);
      return video === undefined ? null : describe(key, video);
    });
  }

  async open(key: string, options: OpenOptions): Promise<VideoWrite> {
    await this.sweep(key, options.owner);
    const write: MemoryWrite = new MemoryWrite({
      place: (video) => this.place(key, video, options, () => this.unfinished.has(write)),
      forget: () => this.unfinished.delete(write),
    });
    this.unfinished.set(write, transferOf(key, options.owner));
    return write;
  }

  sweep(key: string, owner: WriteOwner): Promise<void> {
    return promised(() => {
      refuseBadKey(key);
      for (const [write, transfer] of this.unfinished) {
        if (transfer === transferOf(key, owner)) this.unfinished.delete(write);
      }
    });
  }

  everything(): string[] {
    return [
      ...this.finished.keys(),
      ...[...this.unfinished.values()].map((transfer) => `unfinished ${transfer}`),
    ].sort();
  }

  /** Where there is something below a key, nothing is put under it, as no disk could. */
  private isFolder(key: string): boolean {
    return [...this.finished.keys()].some((other) => other.startsWith(`${key}/`));
  }

  /** Under its key, or beside it: to look and to put must be one step, or another transfer comes between. */
  private place(key: string, video: Buffer, { owner, overwrite }: OpenOptions, isOurs: () => boolean): StoredVideo {
    for (const [candidate, mayReplace] of [
      [key, overwrite],
      [siblingKey(key, owner.jobId), false],
    ] as const) {
      const there = this.finished.get(candidate);
      if (there?.equals(video) === true) return describe(candidate, there);
      if (this.isFolder(candidate) || (there !== undefined && !mayReplace)) continue;
      if (!isOurs()) throw new StorageError('StorageFailed', `The transfer of "${key}" was swept by another attempt.`);
      this.finished.set(candidate, video);
      return describe(candidate, video);
    }
    throw new StorageError('StorageFailed', `"${key}" and the key beside it hold other content; move one away.`);
  }
}

class MemoryWrite implements VideoWrite {
  private readonly chunks: Buffer[] = [];
  private ended = false;

  constructor(private readonly store: { place(video: Buffer): StoredVideo; forget(): void }) {}

  write(chunk: Uint8Array): Promise<void> {
    return promised(() => {
      this.refuseIfEnded();
      this.chunks.push(Buffer.from(chunk)); // the caller may use its own again
    });
  }

  publish(content: { readonly sha256: string; readonly bytes: number }): Promise<StoredVideo> {
    return promised(() => {
      this.refuseIfEnded();
      this.ended = true;
      const video = Buffer.concat(this.chunks);
      if (video.length !== content.bytes) {
        throw new StorageError('StorageFailed', `${video.length} bytes came instead of ${content.bytes}.`);
      }
      const stored = this.store.place(video);
      this.store.forget();
      return stored;
    });
  }

  discard(): Promise<void> {
    this.ended = true;
    this.store.forget();
    return Promise.resolve();
  }

  private refuseIfEnded(): void {
    if (this.ended) throw new StorageError('StorageFailed', 'The transfer has ended already.');
  }
}

function describe(key: string, video: Buffer): StoredVideo {
  const uri = `memory://store/${key.split('/').map(encodeURIComponent).join('/')}`;
  return { key, uri, bytes: video.length, sha256: createHash('sha256').update(video).digest('hex') };
}

/** The same for all attempts at one output, different for everything else. */
function transferOf(key: string, { workflowId, runId, jobId }: WriteOwner): string {
  return JSON.stringify([workflowId, runId, jobId, key]);
}

function refuseBadKey(key: string): void {
  const problem = outputKeyProblem(key);
  if (problem !== null) throw new StorageError('InvalidRequest', `The output key is refused: ${problem}.`);
}

function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
