/** S3 takes nothing smaller as a part, bar the last; four of them in flight fill a fast line. */
export const PART_BYTES = 8 * 1024 * 1024;
const IN_FLIGHT = 4;

/** The buffers that all uploads of a process share, first come first served: they bound what uploads hold in memory. */
export class PartBuffers {
  private readonly idle: Buffer[] = [];
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  /** Lends a buffer of at least `bytes` for the length of `work`. @throws the signal's reason, while waiting for one */
  async lend<T>(bytes: number, signal: AbortSignal, work: (buffer: Buffer) => Promise<T>): Promise<T> {
    await this.turn(signal);
    const buffer =
      (bytes > PART_BYTES ? undefined : this.idle.pop()) ?? Buffer.allocUnsafeSlow(Math.max(bytes, PART_BYTES));
    try {
      return await work(buffer);
    } finally {
      if (buffer.length === PART_BYTES) this.idle.push(buffer);
      this.pass();
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.taken < IN_FLIGHT) {
      this.taken += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(enter);
    });
  }

  private pass(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.taken -= 1;
    else next();
  }
}
