import { Readable } from 'node:stream';

/**
 * A body that lets nothing of its request leave before it may. undici opens the connection first and writes the head of a
 * request together with the first bytes of a body that is a stream (`AsyncWriter` in its `client-h1.js`).
 */
export class HeldBody {
  readonly byteLength: number;
  private readonly bytes: Buffer;
  private asked: Promise<void> | null = null;
  private left = false;

  /** `mayLeave` rejects where it may not. */
  constructor(
    text: string,
    private readonly mayLeave: () => Promise<void>,
  ) {
    this.bytes = Buffer.from(text);
    this.byteLength = this.bytes.byteLength;
  }

  stream(): Readable {
    return Readable.from(this.chunks(), { objectMode: false });
  }

  /** Resolves once it is settled whether anything can have left; rejects with what `mayLeave` did. */
  async hasLeft(): Promise<boolean> {
    await this.asked;
    return this.left;
  }

  private async *chunks(): AsyncGenerator<Buffer> {
    this.asked = this.mayLeave();
    await this.asked;
    this.left = true;
    yield this.bytes;
  }
}
