import { createHash } from 'node:crypto';

export function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The sha256 of each block of what comes piece by piece; the last one may be short. */
export class BlockSums {
  private readonly full: Buffer[] = [];
  private last = createHash('sha256');
  private lastBytes = 0;

  constructor(private readonly blockBytes: number) {}

  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + this.blockBytes - this.lastBytes);
      this.last.update(part);
      this.lastBytes += part.length;
      at += part.length;
      if (this.lastBytes === this.blockBytes) this.close();
    }
  }

  of(block: number): Buffer {
    return this.full[block] ?? this.last.copy().digest();
  }

  private close(): void {
    this.full.push(this.last.digest());
    this.last = createHash('sha256');
    this.lastBytes = 0;
  }
}
