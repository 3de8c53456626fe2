import type { FailureType } from '../contract/failures.js';

/** A file that is whole and under its final name. */
export interface StoredVideo {
  readonly key: string;
  /** Absolute, for people and programs: `file:///…` or `s3://…`. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Who writes: the same for all attempts at one output, different for everything else, so that an attempt can find and
 * sweep what a dead one left.
 */
export interface WriteOwner {
  readonly workflowId: string;
  readonly runId: string;
  readonly jobId: string;
}

export interface CheckOptions {
  /** Whether a key that is taken may be replaced. */
  readonly overwrite: boolean;
  /** Who looks, without a job yet (`jobId` is empty): a check sweeps what a dead one of the same owner left. */
  readonly owner?: WriteOwner;
}

export interface FindOptions {
  /** Ends the reading of what may be large; `find` rejects then. */
  readonly signal?: AbortSignal;
  /** The length of what is looked for: where that is told before the file is read, one of another length is `null`, unread. */
  readonly bytes?: number;
}

export interface OpenOptions {
  readonly owner: WriteOwner;
  /** Replace other content under the key. Default false: other content is kept, and the video goes beside it. */
  readonly overwrite: boolean;
  /** Told of what a dead attempt left and nobody may remove; the transfer begins all the same. */
  readonly onLeftover?: (error: StorageError) => void;
  /** Told, each time anew, of a storage that is off while a whole video waits for it: it is asked again. */
  readonly onTrouble?: (error: StorageError) => void;
}

/** One transfer into the storage. Nothing is visible under the final name before `publish` resolves. */
export interface VideoWrite {
  /** Resolves when the storage can take more: this is the back-pressure. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the file durable and visible, all or nothing. Where the key holds the same content already, that is success.
   * Where it holds other content and `overwrite` is false, the file goes under `siblingKey(key, jobId)` instead and the
   * returned key says so.
   * @throws StorageError
   */
  publish(content: { readonly sha256: string; readonly bytes: number }): Promise<StoredVideo>;
  /** Leaves nothing behind. Safe to call at any time, also after `publish`, also twice; never throws. */
  discard(): Promise<void>;
}

/** Where finished videos go. Every implementation passes `test/conformance/video-store.suite.ts`. */
export interface VideoStore {
  /** For messages: the root as configured, without secrets. */
  readonly description: string;
  /**
   * Looks before money is spent: the key stays inside the root, it is free (unless `overwrite`), and the storage can be
   * written. Leaves nothing behind.
   * @throws StorageError
   */
  check(key: string, options: CheckOptions): Promise<void>;
  /** The finished file under `key`, hashed anew and durable from now on, or `null`. @throws StorageError, NotDurable */
  find(key: string, options?: FindOptions): Promise<StoredVideo | null>;
  /** Starts a transfer, after sweeping what dead attempts of the same owner left for this key, as far as it may. @throws StorageError */
  open(key: string, options: OpenOptions): Promise<VideoWrite>;
  /** Removes unfinished transfers of this owner for this key; finished files stay. @throws StorageError */
  sweep(key: string, owner: WriteOwner): Promise<void>;
}

/** What a storage refused, in the contract's words. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  constructor(
    readonly type: Extract<FailureType, 'InvalidRequest' | 'OutputConflict' | 'StorageFailed'>,
    /** What happened and what the user can do. Carries no secret. */
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The file is there and could be read, but nothing promises yet that it stays. */
export class NotDurable extends StorageError {}
