/** Of workers of earlier builds. */
const UNNAMED = '';

/** What the worker has said of the paid requests of a run: which may have left, and how long the provider is to be spared. */
export class SentRequests {
  /** Attempts whose request is about to leave, and of which it is not known that no job came. */
  private readonly open = new Set<string>();
  /** When the last of them was, if the worker says so much. */
  lastAt: string | null = null;
  /** Until when the provider has asked to be spared submits, in milliseconds since the epoch. */
  sparedUntil = 0;
  /** Of this run, ever. */
  hasAnyLeft = false;

  /** A new submit, of which nothing has left. */
  begin(): void {
    this.open.clear();
    this.lastAt = null;
  }

  /** One is about to leave. */
  leaves(at: string | null, attempt = UNNAMED): void {
    this.open.add(attempt);
    this.hasAnyLeft = true;
    this.lastAt = at;
  }

  /** No job came of that attempt, and the provider may have asked to wait. A worker of an earlier build names none, and has but one. */
  ledToNoJob(attempt: string | undefined, retryAfterMs: number, saidAt: string | undefined): void {
    if (attempt === undefined) this.open.clear();
    else this.open.delete(attempt);
    const at = Date.parse(saidAt ?? '');
    this.sparedUntil = Math.max(this.sparedUntil, (Number.isNaN(at) ? Date.now() : at) + retryAfterMs);
  }

  /** A method, so that nobody reads a value from before an await. */
  mayHaveLeft(): boolean {
    return this.open.size > 0;
  }
}
