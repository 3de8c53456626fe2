/**
 * What became of one attempt to submit: `accepted`, `refused` (no job, and none will come of it), `unavailable` (refused
 * until `timeouts.submit` ran out), `unknown` (a paid job may exist), `not_sent` (a worker was lost before the mark).
 */
export type SubmitOutcome = 'accepted' | 'refused' | 'unavailable' | 'unknown' | 'not_sent';

interface Submit {
  /** What its own answer proves. */
  readonly proven: SubmitOutcome;
  outcome: SubmitOutcome;
  /** Which one this is, in words, while it is in doubt. */
  doubt: string | null;
  /** Whoever had the request sent again was asked about this one. */
  isOverruled: boolean;
}

/** Every submit of a run and what became of it: the one source of what is in doubt. */
export class Submits {
  private readonly all: Submit[] = [];

  constructor(outcomes: readonly SubmitOutcome[] = []) {
    for (const outcome of outcomes) this.add(outcome);
  }

  get outcomes(): readonly SubmitOutcome[] {
    return this.all.map(({ outcome }) => outcome);
  }

  get isAnyUnknown(): boolean {
    return this.outcomes.includes('unknown');
  }

  /** In words, the newest last. */
  get inDoubt(): readonly string[] {
    return this.all.flatMap(({ doubt }) => doubt ?? []);
  }

  /** `outcome`: another than its answer proves, where a job has turned up meanwhile. Returns how many there are. */
  add(proven: SubmitOutcome, outcome = proven): number {
    return this.all.push({ proven, outcome, doubt: null, isOverruled: false });
  }

  doubtLast(doubt: string): void {
    const last = this.all.at(-1);
    if (last === undefined) this.all.push({ proven: 'not_sent', outcome: 'not_sent', doubt, isOverruled: false });
    else last.doubt = doubt;
  }

  /** The job that had turned up is another run's: what the answer proves counts again. */
  clearLast(): void {
    const last = this.all.at(-1);
    if (last === undefined || last.isOverruled || last.proven === 'unknown') return;
    last.outcome = last.proven;
    last.doubt = null;
  }

  /** Somebody has the request sent again: what there was in doubt that he did not know of before. */
  overrule(): readonly string[] {
    const open = this.all.filter(({ doubt, isOverruled }) => doubt !== null && !isOverruled);
    for (const submit of open) submit.isOverruled = true;
    return open.flatMap(({ doubt }) => doubt ?? []);
  }
}
