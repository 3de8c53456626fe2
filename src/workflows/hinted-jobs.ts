/** Provider events worth remembering; more than a provider sends, few enough to carry along. */
export const REMEMBERED_EVENTS = 20;

/** Another run has a job, and nobody knows whose it is. */
interface Holder {
  /** Which run, and how that stands. */
  readonly holder: string;
  /** The same, and what follows from it for a person: whole sentences. */
  readonly reason: string;
}

/** The jobs that provider events named before the run knew its own. */
export class HintedJobs {
  /** All that may be the run's. */
  readonly candidates: string[] = [];
  /** Those of them that came after a request may have left, and that nobody has heard of who had it sent again. */
  readonly turnedUp = new Set<string>();
  /** Named before the run had sent anything, so that they cannot have come of it. */
  readonly early = new Set<string>();
  /** How often each candidate was looked at since an event last told of it. */
  readonly looks = new Map<string, number>();
  /** Which other runs have a job, by the last look that could tell. */
  readonly holders = new Map<string, Holder>();
  /** Until when the provider has asked to be spared questions about a job, in milliseconds since the epoch. */
  private readonly heldBack = new Map<string, number>();

  /** A method, so that nobody reads a value from before an await. */
  hasTurnedUp(): boolean {
    return this.turnedUp.size > 0;
  }

  setAside(jobId: string): void {
    if (this.early.size < REMEMBERED_EVENTS) this.early.add(jobId);
  }

  /** The newest are kept: what came before them was looked at when it came, and the run's own job may come late. */
  keep(jobId: string): void {
    this.looks.delete(jobId);
    if (this.candidates.includes(jobId)) return;
    this.candidates.push(jobId);
    if (this.candidates.length > REMEMBERED_EVENTS) this.forget(this.candidates[0] ?? '');
  }

  /** It is another run's job, or one too many. */
  forget(jobId: string): void {
    this.turnedUp.delete(jobId);
    const at = this.candidates.indexOf(jobId);
    if (at !== -1) this.candidates.splice(at, 1);
  }

  /** A question begins, and looks for itself. */
  startOver(): void {
    this.looks.clear();
    this.holders.clear();
  }

  /** By the `Retry-After` of an answer that tells of the job. */
  holdBack(jobId: string, retryAfterMs: number | null | undefined): void {
    if (retryAfterMs === null || retryAfterMs === undefined) this.heldBack.delete(jobId);
    else this.heldBack.set(jobId, Date.now() + retryAfterMs);
  }

  heldBackUntil(jobId: string): number {
    return this.heldBack.get(jobId) ?? 0;
  }
}
