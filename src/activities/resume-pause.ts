const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const ENOUGH_BYTES = 64 * 1024;

/** How long to wait before a broken transfer goes on: a sender that gives next to nothing each time is asked less and less. */
export class ResumePause {
  private nextMs = FIRST_MS;

  /** @param bytes - what the stream that broke off has brought */
  after(bytes: number): number {
    if (bytes >= ENOUGH_BYTES) {
      this.nextMs = FIRST_MS;
      return 0;
    }
    const pauseMs = this.nextMs;
    this.nextMs = Math.min(pauseMs * 2, LONGEST_MS);
    return pauseMs;
  }
}
