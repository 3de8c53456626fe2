import {
  ApplicationFailure,
  CancelledFailure,
  condition,
  log,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { SubmitMark, SubmittedJob } from '../activities/submit-mark.js';
import type { SubmitInput, UnknownDetails } from '../activities/submit-video.js';
import { isUsableJobId } from '../contract/job-id.js';
import type { ProviderRequest } from '../contract/types.js';
import { SUBMIT } from './activity-options.js';
import { goesBy } from './changes.js';
import { activityCause, contractType, endWith, failRun } from './failures.js';
import { endIfCancelled } from './cancellation.js';
import { checkAgain } from './check.js';
import { awaitDecision, type Unknown } from './decision.js';
import { recordSubmit } from './ledger.js';
import { isOfThisRun } from './look-at-job.js';
import type { SubmitOutcome } from './submits.js';
import { now, type VideoRun } from './video-run.js';

const { submitVideo } = proxyActivities<Pick<Activities, 'submitVideo'>>(SUBMIT);

type PaidRequest = Omit<SubmitInput, 'submitMs'>;

/** Brings the run to a job, by at most one paid request, unless an operator asks for another. */
export async function submit(run: VideoRun, request: ProviderRequest): Promise<void> {
  let answer: string | null = null;
  for (;;) {
    await endIfCancelled(run);
    run.enter('submitting', { error: null });
    await checkAgain(run);
    const askedAt = now();
    const { maxCostUsd } = run.input;
    const outcome = await submitOnce(run, {
      request,
      firstRunId: workflowInfo().firstExecutionRunId,
      answer,
      maxCostUsd,
    });
    if ('jobId' in outcome) {
      run.follow(outcome.jobId, outcome.status, now());
      run.hinted.holdBack(outcome.jobId, outcome.retryAfterMs);
      for (const other of await withoutOtherRuns(run)) run.learnOfOther(other);
      return;
    }
    doubt(run, outcome, askedAt);
    const decision = await awaitDecision(run, outcome);
    if (decision === null) {
      run.submits.clearLast();
      if (outcome.turnedUp?.after instanceof ApplicationFailure) throw outcome.turnedUp.after;
      continue;
    }
    log.info('the submit in doubt was answered', { ...decision });
    if (decision.action === 'adopt') {
      leaveOthersInDoubt(run, decision.jobId);
      run.adopt(decision.jobId, decision.providerStatus, askedAt);
      await tellOfOthers(run);
      return;
    }
    if (decision.action === 'abandon')
      throw failRun('SubmissionAbandoned', `${abandoned(run.submits.inDoubt.length)}${run.inDoubt}`);
    run.overrule();
    answer = decision.answer;
  }
}

/** Of several jobs that had turned up the run follows one. */
async function tellOfOthers(run: VideoRun): Promise<void> {
  if (!run.hinted.hasTurnedUp() || !goesBy('tells-of-jobs-beside-the-adopted')) return;
  for (const other of await withoutOtherRuns(run)) run.learnOfOther(other);
}

/** A job that turned up without any answer that had it may have come of an earlier submit in doubt, and else came of the last. */
function doubt(run: VideoRun, { turnedUp, earlierJobs }: Unknown, askedAt: string): void {
  if (turnedUp !== undefined && run.submits.inDoubt.length > 0) return;
  const own = `the submit sent after ${run.sent.lastAt ?? askedAt}`;
  run.submits.doubtLast(earlierJobs === undefined ? own : 'the submit of the run before the reset');
}

function leaveOthersInDoubt(run: VideoRun, jobId: string): void {
  const { inDoubt } = run.submits;
  if (inDoubt.length < 2) return;
  run.leaveInDoubt(`Job ${jobId} came of one of these, and the others may be billed as well: ${inDoubt.join('; ')}.`);
}

function abandoned(inDoubt: number): string {
  switch (inDoubt) {
    case 0:
      return 'An operator abandoned the request. No job came of it.';
    case 1:
      return 'An operator abandoned the submit, whose outcome is unknown: a job may exist at the provider and be billed.';
    default:
      return `An operator abandoned ${inDoubt} submits whose outcomes are unknown: a job of each may exist at the provider and be billed.`;
  }
}

/** Runs the submit activity again for as long as it is proven that nothing was sent. */
async function submitOnce(run: VideoRun, paid: PaidRequest): Promise<SubmittedJob | Unknown> {
  const deadlineAt = Date.now() + run.plan.submitMs;
  for (;;) {
    await endIfCancelled(run);
    const before = await turnedUp(run, null);
    if (before !== null) return before;
    if (!(await sparesProvider(run, deadlineAt))) continue;
    const attempted = await attempt(run, { ...paid, submitMs: Math.max(0, deadlineAt - Date.now()) });
    const isNoJob = attempted === 'not sent' || attempted instanceof ApplicationFailure;
    const outcome = (isNoJob ? await turnedUp(run, attempted) : null) ?? attempted;
    recordSubmit(run, nameOf(attempted), nameOf(outcome));
    if (outcome instanceof ApplicationFailure) throw outcome;
    if (outcome !== 'not sent') return outcome;
    await endIfCancelled(run);
    // A worker died or the task was lost on its way, before the mark: nothing left, so it is simply run again.
    if (Date.now() >= deadlineAt) {
      throw failRun(
        'ProviderUnavailable',
        `No worker got as far as sending the request within timeouts.submit. ${run.mayBeReset ? 'This run sent nothing' : 'Nothing was billed'}.`,
      );
    }
  }
}

/**
 * A submit that was called off in the pause after a refusal leaves the provider's `Retry-After` to the next one. `false`: what
 * is to be done may have changed meanwhile.
 */
async function sparesProvider(run: VideoRun, deadlineAt: number): Promise<boolean> {
  const until = Math.min(run.sent.sparedUntil, deadlineAt);
  if (Date.now() >= until) return true;
  const summary = 'the provider asks to wait';
  if (await condition(() => run.wantsNoRequest(), until - Date.now(), { summary })) return false;
  if (run.sent.sparedUntil <= deadlineAt) return true;
  throw failRun(
    'ProviderUnavailable',
    `OpenRouter refused the request and asked to wait for longer than timeouts.submit. ${run.mayBeReset ? 'No job came of it' : 'Nothing was billed'}. Start it again later.`,
  );
}

/** A job came of a request whose answer had none. `after`: what became of that request, where this is known. */
async function turnedUp(run: VideoRun, after: 'not sent' | ApplicationFailure | null): Promise<Unknown | null> {
  const jobs = await withoutOtherRuns(run);
  if (jobs.length === 0) return null;
  return {
    unknown: `The provider tells of job ${jobs.join(', ')} for this run, though no answer to its request had a job.`,
    turnedUp: { after },
  };
}

/** The jobs that have turned up, and may be this run's. */
async function withoutOtherRuns(run: VideoRun): Promise<readonly string[]> {
  if (!run.hinted.hasTurnedUp() || !goesBy('stops-for-its-job')) return [];
  for (const jobId of [...run.hinted.turnedUp]) if ((await isOfThisRun(run, jobId)) === 'no') run.hinted.forget(jobId);
  return [...run.hinted.turnedUp];
}

/** Temporal lets an operator complete or fail an activity that is under way. */
const ENDED_BY_HAND = 'The submit was ended in Temporal, by somebody who may not know what became of the request.';

/** What one run of the activity proves; a failure of a contract's type is proof that there is no job. */
type Attempt = SubmittedJob | Unknown | 'not sent' | ApplicationFailure;

async function attempt(run: VideoRun, input: SubmitInput): Promise<Attempt> {
  run.sent.begin();
  try {
    const options = { ...SUBMIT, summary: `submit to ${input.request.model}` };
    const job = await run.untilCancelled(() => submitVideo.executeWithOptions(options, [input]));
    return jobIn(job) ?? { unknown: ENDED_BY_HAND };
  } catch (error) {
    return attemptOf(run, error);
  }
}

/** Whoever completes the activity by hand may give less than a worker does. */
function jobIn(result: Partial<SubmittedJob> | null): SubmittedJob | null {
  const jobId = result?.jobId;
  if (!isUsableJobId(jobId)) return null;
  const { status, retryAfterMs } = result ?? {};
  return {
    jobId,
    status: typeof status === 'string' ? status : 'pending',
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  };
}

function attemptOf(run: VideoRun, error: unknown): Attempt {
  const cause = activityCause(error);
  if (cause instanceof CancelledFailure && run.wantsNoRequest()) {
    // Somebody may have failed, or cancelled, an attempt by hand whose request was under way.
    return run.sent.mayHaveLeft() && goesBy('doubts-a-cancelled-submit') ? { unknown: ENDED_BY_HAND } : 'not sent';
  }
  if (cause instanceof TimeoutFailure) {
    const mark = cause.lastHeartbeatDetails as SubmitMark | undefined;
    if (mark?.job !== undefined) return mark.job;
    // Without any mark the run's own word counts: an operator who unpauses an activity can have its heartbeat forgotten.
    const sent = mark?.sending ?? run.sent.mayHaveLeft();
    if (!sent) return 'not sent';
    return { unknown: 'The worker stopped answering after the request could have left.' };
  }
  if (cause === null || !('type' in cause)) throw error;
  if (cause.type === 'SubmissionUnknown') {
    const details = cause.details?.[0] as UnknownDetails | undefined;
    if (details === undefined) return { unknown: cause.message };
    return { unknown: cause.message, earlierJobs: details.earlierJobs, areUnread: details.areUnread === true };
  }
  const type = contractType(cause);
  if (type === 'ProviderUnavailable' && run.wantsNoRequest()) return 'not sent';
  if (type !== null) return endWith(type, cause.message);
  if (!run.sent.mayHaveLeft()) throw error;
  return { unknown: `${ENDED_BY_HAND} It was told: ${cause.message}.` };
}

function nameOf(attempt: Attempt): SubmitOutcome {
  if (attempt === 'not sent') return 'not_sent';
  if (attempt instanceof ApplicationFailure) return attempt.type === 'ProviderUnavailable' ? 'unavailable' : 'refused';
  return 'jobId' in attempt ? 'accepted' : 'unknown';
}
