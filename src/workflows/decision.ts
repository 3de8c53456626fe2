import { type ApplicationFailure, condition, log, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { POLL } from './activity-options.js';
import { cancelledRun } from './cancellation.js';
import { goesBy } from './changes.js';
import { activityCause } from './failures.js';
import { NamedJobs, type Doubt } from './named-jobs.js';
import type { Decision, VideoRun } from './video-run.js';

const { earlierJobs } = proxyLocalActivities<Pick<Activities, 'earlierJobs'>>(POLL);

/** A submit of which nobody can say whether the provider accepted it. */
export interface Unknown {
  readonly unknown: string;
  /** In doubt is what an earlier run sent, before a reset: the jobs that it is known to have had. */
  readonly earlierJobs?: readonly string[];
  /** Which jobs these are could not be looked up. */
  readonly areUnread?: boolean;
  /** In doubt is no other submit than those before it: a job turned up, after what the provider had answered, if it had. */
  readonly turnedUp?: { readonly after: 'not sent' | ApplicationFailure | null };
}

/**
 * Waits for a person, or for a provider event that names the job. May take days: nothing runs meanwhile. `null`: nothing is in
 * doubt any more.
 */
export async function awaitDecision(
  run: VideoRun,
  doubt: Unknown,
  inDoubt: readonly string[],
): Promise<Decision | null> {
  run.decide(null);
  const isTold = doubt.earlierJobs !== undefined && doubt.areUnread !== true;
  if (isTold) run.hadBeforeReset(doubt.earlierJobs ?? []);
  run.inDoubt = `${mayCost(run)}${whichOnes(inDoubt)}`;
  const question = `${doubt.unknown} A paid job may exist; longtake will not send the request again by itself.${run.inDoubt}${notOfThisRun(run.hinted.early)}`;
  run.enter('awaiting_decision', { error: { type: 'SubmissionUnknown', message: question } });
  log.warn('the outcome of a submit is unknown: the run awaits a decision', { reason: doubt.unknown });
  const named = new NamedJobs(run, { isOnly: inDoubt.length === 1, kin: kinOf(doubt) });
  for (;;) {
    await condition(() => run.isCancelled() || run.decided() !== null || named.toLookAt().length > 0);
    const found = await named.adoptOne();
    if (doubt.turnedUp !== undefined && !run.hinted.hasTurnedUp() && goesBy('lets-go-of-other-jobs')) {
      if (!(isAnswered(run) && goesBy('hears-answers-first'))) return null;
      await condition(() => run.isCancelled() || run.inspections === 0);
      if (run.decided() === null && !run.isCancelled() && !run.hinted.hasTurnedUp()) return null;
    }
    const before = isTold ? 'nothing' : await lookBack(run, doubt);
    const decision = preferred(run.decided(), found);
    const wouldPay = decision?.action === 'resubmit';
    if (wouldPay && run.inspections > 0 && goesBy('pays-after-other-answers')) {
      await condition(() => run.isCancelled() || run.inspections === 0);
      continue;
    }
    if (wouldPay && named.hasNew()) continue;
    if (decision !== null && !(wouldPay && (before !== 'nothing' || named.hasUntold()))) {
      run.decide(decision); // whoever gave another one is told
      return decision;
    }
    run.decide(null); // who has the request sent again hears first of the jobs that it may have led to
    if (run.isCancelled()) throw cancelledRun(run);
    ask(run, question + (isTold ? '' : jobsBeforeReset(run, before)) + named.told());
    if (named.toLookAt().length === 0 || run.decided() !== null) continue;
    await condition(() => run.isCancelled() || run.decided() !== null || named.hasNew(), named.lookAgainAfterMs(), {
      summary: `look again at ${named.toLookAt().join(', ')}`,
    });
  }
}

/** Or somebody is answering. */
function isAnswered(run: VideoRun): boolean {
  return run.decided() !== null || run.inspections > 0;
}

/**
 * What the run had before Temporal's Reset is not in this history. Once, and `news` if there was a job; `unread` if that could
 * not be looked up, and then nothing is sent before it can be.
 */
type LookBack = 'news' | 'nothing' | 'unread';

async function lookBack(run: VideoRun, { areUnread = false }: Unknown): Promise<LookBack> {
  if (!(run.isReset || areUnread) || run.knowsEarlierJobs || !goesBy('looks-back-after-reset')) return 'nothing';
  try {
    const jobs = await earlierJobs.executeWithOptions({ ...POLL, summary: 'jobs before the reset' }, []);
    if (jobs === null) return 'unread';
    run.hadBeforeReset(jobs);
    return jobs.length > 0 ? 'news' : 'nothing';
  } catch (error) {
    if (activityCause(error) === null) throw error;
    return 'nothing'; // at a worker of an earlier build, which did not say `null`
  }
}

function jobsBeforeReset({ earlierJobs }: VideoRun, before: LookBack): string {
  if (before === 'unread') {
    return ' Which job the run had before Temporal’s Reset could not be looked up: the request is not sent again before that is known, so answer once more in a moment.';
  }
  return earlierJobs.length === 0
    ? ''
    : ` Temporal’s Reset took this run back, and before it the run had job ${earlierJobs.join(', ')}: before you have the request sent again, look at that.`;
}

/** On record as well: a job that an event named is to be known without any worker, and after a run was terminated. */
function ask(run: VideoRun, message: string): void {
  if (run.status.error?.message === message) return;
  run.problem({ type: 'SubmissionUnknown', message });
  if (goesBy('keeps-named-jobs')) run.record();
}

/** A person's word goes before a job that turned up in the same moment, but nothing is paid while there is one. */
function preferred(person: Decision | null, found: Decision | null): Decision | null {
  return person === null || (person.action === 'resubmit' && found !== null) ? found : person;
}

/** After a reset the job of the run before is what is looked for, but that of a cron schedule's run before is not. */
function kinOf({ earlierJobs }: Unknown): Doubt['kin'] {
  return earlierJobs !== undefined && workflowInfo().continuedFromExecutionRunId === undefined ? 'start' : 'none';
}

function notOfThisRun(early: ReadonlySet<string>): string {
  if (early.size === 0) return '';
  return ` Job ${[...early].join(', ')}, of which the provider told before the request had left, is not of this run.`;
}

/** A person had the request sent again, and again nobody knows: each of them may be billed. */
function whichOnes(inDoubt: readonly string[]): string {
  const before = inDoubt.slice(0, -1);
  const others = before.length === 0 ? '' : ` Also in doubt, and perhaps billed as well: ${before.join('; ')}.`;
  return ` In doubt is ${inDoubt.at(-1)}.${others}`;
}

function mayCost(run: VideoRun): string {
  const { estimatedCostUsd } = run.status;
  return estimatedCostUsd === null ? '' : ` It may have cost $${estimatedCostUsd}.`;
}
