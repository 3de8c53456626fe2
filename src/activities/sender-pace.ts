/** The sender gave too little for too long. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

export interface LeastPace {
  readonly windowMs: number;
  /** In each window. */
  readonly windowBytes: number;
}

/** Holds the sender of a transfer to a least pace. Time that the storage takes is not counted: it is not the sender's. */
export class SenderPace {
  private waitedMs = 0;
  private bytes = 0;

  constructor(private readonly least: LeastPace) {}

  /** So many bytes came after so long a wait. @throws TooSlow */
  came(bytes: number, waitedMs: number): void {
    this.bytes += bytes;
    this.waitedMs += waitedMs;
    if (this.waitedMs < this.least.windowMs) return;
    if (this.bytes < this.least.windowBytes) throw new TooSlow();
    this.waitedMs = 0;
    this.bytes = 0;
  }
}
