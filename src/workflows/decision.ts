import { type ApplicationFailure, condition, log, workflowInfo } from '@temporalio/workflow';
import { cancelledRun } from './cancellation.js';
import { goesBy } from './changes.js';
import { JobsBeforeReset, type BeforeReset } from './jobs-before-reset.js';
import { kinOf, type Kin } from './look-at-job.js';
import { NamedJobs } from './named-jobs.js';
import type { Decision, VideoRun } from './video-run.js';

/** A submit of which nobody can say whether the provider accepted it. */
export interface Unknown extends BeforeReset {
  readonly unknown: string;
  /** In doubt is no other submit than those before it: a job turned up, after what the provider had answered, if it had. */
  readonly turnedUp?: { readonly after: 'not sent' | ApplicationFailure | null };
}

/**
 * Waits for a person, or for a provider event that names the job. May take days: nothing runs meanwhile. `null`: nothing is in
 * doubt any more.
 */
export async function awaitDecision(run: VideoRun, doubt: Unknown): Promise<Decision | null> {
  run.decide(null);
  const earlier = new JobsBeforeReset(run, doubt);
  const question = `${doubt.unknown} A paid job may exist; longtake will not send the request again by itself.${run.inDoubt}${notOfThisRun(run.hinted.early)}`;
  run.enter('awaiting_decision', { error: { type: 'SubmissionUnknown', message: question } });
  log.warn('the outcome of a submit is unknown: the run awaits a decision', { reason: doubt.unknown });
  const named = new NamedJobs(run, { isOnly: run.submits.inDoubt.length === 1, kin: kinInDoubt(run, doubt) });
  for (;;) {
    await condition(() => run.isCancelled() || run.decided() !== null || named.toLookAt().length > 0);
    const isReset = run.actsAsReset();
    const found = await named.adoptOne();
    if (isOver(run, doubt) && goesBy('lets-go-of-other-jobs')) {
      if (!(isAnswered(run) && goesBy('hears-answers-first'))) return null;
      await condition(() => run.isCancelled() || run.inspections === 0);
      if (run.decided() === null && !run.isCancelled() && isOver(run, doubt)) return null;
    }
    await earlier.look(isReset);
    const decision = preferred(run.decided(), found);
    const wouldPay = decision?.action === 'resubmit';
    if (wouldPay && run.inspections > 0 && goesBy('pays-after-other-answers')) {
      await condition(() => run.isCancelled() || run.inspections === 0);
      continue;
    }
    if (wouldPay && named.hasNew()) continue;
    if (decision !== null && !(wouldPay && (earlier.hasUntold() || named.hasUntold()))) {
      if (isOver(run, doubt)) clear(run);
      run.decide(decision); // whoever gave another one is told
      return decision;
    }
    run.decide(null); // who has the request sent again hears first of the jobs that it may have led to
    if (run.isCancelled()) {
      if (isOver(run, doubt)) clear(run);
      throw cancelledRun(run);
    }
    ask(run, question + earlier.told() + named.told());
    if (named.toLookAt().length === 0 || run.decided() !== null) continue;
    await condition(() => run.isCancelled() || run.decided() !== null || named.hasNew(), named.lookAgainAfterMs(), {
      summary: `look again at ${named.toLookAt().join(', ')}`,
    });
  }
}

/** Of the jobs that had turned up, and of which the question is, none may be this run's any more. */
function isOver(run: VideoRun, { turnedUp }: Unknown): boolean {
  return turnedUp !== undefined && !run.hinted.hasTurnedUp();
}

/** Somebody has answered all the same, and nothing of the question is to stay. */
function clear(run: VideoRun): void {
  if (goesBy('clears-what-was-answered')) run.submits.clearLast();
}

/** Or somebody is answering. */
function isAnswered(run: VideoRun): boolean {
  return run.decided() !== null || run.inspections > 0;
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
function kinInDoubt(run: VideoRun, { earlierJobs }: Unknown): Kin {
  const isOfReset = earlierJobs !== undefined && workflowInfo().continuedFromExecutionRunId === undefined;
  return isOfReset ? 'start' : kinOf(run);
}

function notOfThisRun(early: ReadonlySet<string>): string {
  if (early.size === 0) return '';
  return ` Job ${[...early].join(', ')}, of which the provider told before the request had left, is not of this run.`;
}
