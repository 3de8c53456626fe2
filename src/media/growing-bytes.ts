const FIRST_BYTES = 64 * 1024;

/** Collects bytes whose number was announced by somebody who may lie: memory grows with what came, not with the claim. */
export class GrowingBytes {
  private buffer: Buffer;
  private filled = 0;

  constructor(private readonly announced: number) {
    this.buffer = Buffer.allocUnsafe(Math.min(announced, FIRST_BYTES));
  }

  append(bytes: Uint8Array): void {
    const needed = this.filled + bytes.length;
    if (needed > this.buffer.length) this.grow(needed);
    this.buffer.set(bytes, this.filled);
    this.filled = needed;
  }

  taken(): Buffer {
    return this.buffer.subarray(0, this.filled);
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(this.buffer.length * 2, this.announced)));
    this.buffer.copy(larger, 0, 0, this.filled);
    this.buffer = larger;
  }
}
