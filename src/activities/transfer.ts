import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Mp4Probe, type Mp4Verdict } from '../media/mp4-probe.js';
import type { VideoWrite } from '../storage/port.js';
import { SenderPace, type LeastPace } from './sender-pace.js';

export interface TransferOptions {
  readonly maxBytes: number;
  readonly leastPace: LeastPace;
  readonly onProgress: (bytes: number) => void;
}

export interface Transferred {
  readonly bytes: number;
  readonly sha256: string;
  readonly verdict: Mp4Verdict;
}

/** The cap was passed. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** The bytes stopped coming; `cause` is the stream's error. Another stream may bring the rest. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

/**
 * Moves bytes from sockets into the storage, one chunk at a time: hashed, checked and counted on the way, held by
 * nobody. The storage's pace is the socket's pace.
 */
export class Transfer {
  private readonly hash = createHash('sha256');
  private readonly probe = new Mp4Probe();
  private readonly pace: SenderPace;
  private received = 0;
  /** Since when the sender is the one to wait for, also while a broken stream is replaced. */
  private waitingSince = performance.now();

  constructor(
    private readonly into: Pick<VideoWrite, 'write'>,
    private readonly options: TransferOptions,
  ) {
    this.pace = new SenderPace(options.leastPace);
  }

  get bytes(): number {
    return this.received;
  }

  /**
   * Takes all that a stream has, after what came before. The stream is closed afterwards.
   * @throws BrokenOff when the stream ends in an error; TooLarge beyond `maxBytes`; TooSlow; what the storage throws
   */
  async take(body: Readable): Promise<void> {
    for await (const chunk of arriving(body)) {
      this.pace.came(chunk.byteLength, performance.now() - this.waitingSince);
      await this.add(chunk);
      this.waitingSince = performance.now();
    }
  }

  finish(): Transferred {
    return { bytes: this.received, sha256: this.hash.digest('hex'), verdict: this.probe.finish() };
  }

  private async add(chunk: Uint8Array): Promise<void> {
    this.received += chunk.byteLength;
    if (this.received > this.options.maxBytes) throw new TooLarge();
    this.hash.update(chunk);
    this.probe.push(chunk);
    await this.into.write(chunk);
    this.options.onProgress(this.received);
  }
}

/** Tells the stream's own errors from those of whoever reads it. */
async function* arriving(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* body as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new BrokenOff('the transfer broke off', { cause: error });
  }
}
