import { condition } from '@temporalio/workflow';
import { goesBy } from './changes.js';
import { activityCause } from './failures.js';
import { lookUpEarlierJobs } from './looks.js';
import type { VideoRun } from './video-run.js';

/** What a submit that asks knows of the run before the reset. */
export interface BeforeReset {
  /** In doubt is what an earlier run sent, before a reset: the jobs that it is known to have had. */
  readonly earlierJobs?: readonly string[];
  /** Which jobs these are could not be looked up. */
  readonly areUnread?: boolean;
}

/** The jobs that the run had before Temporal's Reset are not in its history: they are looked up, and told before anything is paid. */
export class JobsBeforeReset {
  /** The question has them already. */
  private readonly isAsked: boolean;
  private isUnread = false;
  private isNews = false;

  constructor(
    private readonly run: VideoRun,
    private readonly doubt: BeforeReset,
  ) {
    this.isAsked = doubt.earlierJobs !== undefined && doubt.areUnread !== true;
    if (this.isAsked) run.hadBeforeReset(doubt.earlierJobs ?? []);
  }

  /** Once, or as often as it fails. */
  async look(isReset: boolean): Promise<void> {
    const { run, doubt } = this;
    if (!goesBy('tells-of-earlier-jobs-first')) this.isNews = false;
    if (run.knowsEarlierJobs || !(isReset || doubt.areUnread === true) || !goesBy('looks-back-after-reset')) return;
    if (goesBy('tells-of-earlier-jobs-first') && !goesBy('looks-by-activity'))
      await condition(() => run.isCancelled() || run.inspections === 0);
    const jobs = await lookedUp();
    this.isUnread = jobs === 'unread';
    if (typeof jobs === 'string') return;
    run.hadBeforeReset(jobs);
    this.isNews = jobs.length > 0;
  }

  /** Nothing is paid before a person has heard of it. */
  hasUntold(): boolean {
    return this.isNews || this.isUnread;
  }

  told(): string {
    this.isNews = false;
    if (this.isUnread) return UNREAD;
    const { earlierJobs } = this.run;
    return this.isAsked || earlierJobs.length === 0
      ? ''
      : ` Temporal’s Reset took this run back, and before it the run had job ${earlierJobs.join(', ')}: before you have the request sent again, look at that.`;
  }
}

/**
 * A run that ends without a job tells of those that it had before it was reset, as far as they can be looked up: of all, also where it
 * was reset twice, and knows from the first time of some.
 */
export function isToLookBack(run: VideoRun): boolean {
  const isWithoutJob = !run.adopts && run.status.jobId === null;
  return isWithoutJob && goesBy('knows-its-jobs-before-reset') && run.actsAsReset();
}

export async function lookBack(run: VideoRun): Promise<void> {
  const jobs = await lookedUp();
  if (typeof jobs !== 'string') run.hadBeforeReset(jobs);
}

const UNREAD =
  ' Which job the run had before Temporal’s Reset could not be looked up. The request is not sent again before that is known: answer once more in a moment.';

async function lookedUp(): Promise<readonly string[] | 'unread' | 'left'> {
  try {
    return (await lookUpEarlierJobs()) ?? 'unread';
  } catch (error) {
    if (activityCause(error) === null) throw error;
    return goesBy('tells-of-earlier-jobs-first') ? 'unread' : 'left';
  }
}
