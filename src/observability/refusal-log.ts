/** Callers may be wrong many times a second, and for ever. */
const QUIET_MS = 60_000;

/** Tells of refused callers that there are some: at once, then at most once a minute, with how many came in between. */
export class RefusalLog {
  private count = 0;
  private toldAt = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** `more` says how many there were since the last line, or nothing. */
  note(tell: (more: string) => void): void {
    this.count += 1;
    if (this.now() - this.toldAt < QUIET_MS) return;
    tell(this.count === 1 ? '' : ` (${this.count} since the last such line)`);
    this.toldAt = this.now();
    this.count = 0;
  }
}
