/** What a step brings. */
export interface Job {
  readonly queryWorkflow?: unknown;
  readonly resolveActivity?: { readonly isLocal?: boolean | null } | null;
}

/**
 * Tells of each step whether it brings news into the midst of a local activity, at a place where a replay may not find them
 * (docs/decisions/0018-changes-at-the-start.md).
 */
export class LocalActivities {
  /** Begun by this worker, and not in a replay: with them a task that begins anew begins anew as well. */
  private underWay = 0;
  private isAsked = false;

  begun(end: Promise<unknown>, isReplaying: boolean): void {
    if (isReplaying) return;
    this.underWay++;
    const over = (): void => {
      this.underWay--;
    };
    end.then(over, over);
  }

  isInterrupted(jobs: readonly Job[], isReplaying: boolean): boolean {
    const wasAsked = this.isAsked;
    this.isAsked = jobs.every(({ queryWorkflow }) => (queryWorkflow ?? null) !== null);
    if (isReplaying || this.isAsked) return false;
    const ends = jobs.filter(({ resolveActivity }) => resolveActivity?.isLocal === true).length;
    return ends === 0 ? this.underWay > 0 : wasAsked && ends < jobs.length;
  }
}
