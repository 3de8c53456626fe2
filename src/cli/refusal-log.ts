/** Callers may be wrong many times a second, and for ever. */
const QUIET_MS = 60_000;

/** Says of refused callers that there are some: at once, then at most once a minute, with how many came in between. */
export class RefusalLog {
  private count = 0;
  private saidAt = -Infinity;

  constructor(
    private readonly say: (line: string) => void,
    private readonly now: () => number = performance.now.bind(performance),
  ) {}

  note(from: string): void {
    this.count += 1;
    if (this.now() - this.saidAt < QUIET_MS) return;
    const more = this.count === 1 ? '' : ` (${this.count} since the last such line)`;
    this.say(`Refused a caller at ${from}, whose token is missing or wrong${more}. It has to be LONGTAKE_CODEC_TOKEN.`);
    this.saidAt = this.now();
    this.count = 0;
  }
}
