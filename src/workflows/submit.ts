import {
  ApplicationFailure,
  CancelledFailure,
  condition,
  log,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { InspectInput, Inspection } from '../activities/poll-video.js';
import type { SubmitInput, SubmitMark, SubmittedJob, UnknownDetails } from '../activities/submit-video.js';
import type { ProviderRequest } from '../contract/types.js';
import { POLL, SUBMIT } from './activity-options.js';
import { activityCause, contractType, endWith, failRun } from './failures.js';
import { cancelledRun } from './cancellation.js';
import { jobEnd } from './job-ends.js';
import { recordSubmit, type SubmitOutcome } from './ledger.js';
import { now, type Decision, type VideoRun } from './video-run.js';

const { submitVideo } = proxyActivities<Pick<Activities, 'submitVideo'>>(SUBMIT);
const { inspectJob } = proxyLocalActivities<Pick<Activities, 'inspectJob'>>(POLL);

/** A submit of which nobody can say whether the provider accepted it. */
interface Unknown {
  readonly unknown: string;
  /** In doubt is what an earlier run sent, before a reset: the jobs that it is known to have had. */
  readonly earlierJobs?: readonly string[];
}

type PaidRequest = Omit<SubmitInput, 'submitMs'>;

/** How long an event's job is looked at again when it could not be read: 20 tries, half a minute apart. */
const LOOK_AGAIN = '30s';
const LOOKS = 20;

/** Brings the run to a job, by at most one paid request, unless an operator asks for another. */
export async function submit(run: VideoRun, request: ProviderRequest): Promise<void> {
  const inDoubt: string[] = [];
  for (;;) {
    if (run.isCancelled()) throw cancelledRun(run);
    run.enter('submitting', { error: null });
    const askedAt = now();
    const outcome = await submitOnce(run, { request, firstRunId: workflowInfo().firstExecutionRunId });
    if ('jobId' in outcome) {
      if (inDoubt.length > 0) run.leaveInDoubt(`Also in doubt, and perhaps billed: ${inDoubt.join('; ')}.`);
      run.follow(outcome.jobId, outcome.status, now());
      return;
    }
    inDoubt.push(
      outcome.earlierJobs === undefined ? `the submit sent after ${askedAt}` : 'the submit of the run before the reset',
    );
    const decision = await awaitDecision(run, outcome, inDoubt);
    log.info('the submit in doubt was answered', { ...decision });
    if (decision.action === 'adopt') {
      if (inDoubt.length > 1) {
        run.leaveInDoubt(
          `Job ${decision.jobId} came of one of these, and the others may be billed as well: ${inDoubt.join('; ')}.`,
        );
      }
      run.follow(decision.jobId, decision.providerStatus, askedAt);
      return;
    }
    if (decision.action === 'abandon') throw failRun('SubmissionAbandoned', abandoned(inDoubt));
  }
}

function abandoned(inDoubt: readonly string[]): string {
  if (inDoubt.length < 2) {
    return 'An operator abandoned the submit, whose outcome is unknown: a job may exist at the provider and be billed.';
  }
  return `An operator abandoned ${inDoubt.length} submits whose outcomes are unknown (${inDoubt.join('; ')}): a job of each may exist at the provider and be billed.`;
}

/** Runs the submit activity again for as long as it is proven that nothing was sent. */
async function submitOnce(run: VideoRun, paid: PaidRequest): Promise<SubmittedJob | Unknown> {
  const deadlineAt = Date.now() + run.plan.submitMs;
  for (;;) {
    const outcome = await attempt(run, { ...paid, submitMs: Math.max(0, deadlineAt - Date.now()) });
    recordSubmit(run, nameOf(outcome));
    if (outcome instanceof ApplicationFailure) throw outcome;
    if (outcome !== 'not sent') return outcome;
    if (run.isCancelled()) throw cancelledRun(run);
    // A worker died or the task was lost on its way, before the mark: nothing left, so it is simply run again.
    if (Date.now() >= deadlineAt) {
      throw failRun(
        'ProviderUnavailable',
        `No worker got as far as sending the request within timeouts.submit. ${run.mayBeReset ? 'This run sent nothing' : 'Nothing was billed'}.`,
      );
    }
  }
}

/** What one run of the activity proves; a failure of a contract's type is proof that there is no job. */
type Attempt = SubmittedJob | Unknown | 'not sent' | ApplicationFailure;

async function attempt(run: VideoRun, input: SubmitInput): Promise<Attempt> {
  try {
    const options = { ...SUBMIT, summary: `submit to ${input.request.model}` };
    return await run.untilCancelled(() => submitVideo.executeWithOptions(options, [input]));
  } catch (error) {
    if (run.isCancelled() && activityCause(error) instanceof CancelledFailure) return 'not sent';
    return attemptOf(error);
  }
}

function attemptOf(error: unknown): Attempt {
  const cause = activityCause(error);
  if (cause instanceof TimeoutFailure) {
    const mark = cause.lastHeartbeatDetails as SubmitMark | undefined;
    if (mark?.job !== undefined) return mark.job;
    if (mark?.sending !== true) return 'not sent';
    return { unknown: 'The worker stopped answering after the request could have left.' };
  }
  if (cause === null || !('type' in cause)) throw error;
  if (cause.type === 'SubmissionUnknown') {
    const details = cause.details?.[0] as UnknownDetails | undefined;
    return { unknown: cause.message, ...(details === undefined ? {} : { earlierJobs: details.earlierJobs }) };
  }
  const type = contractType(cause);
  if (type === null) throw error;
  return endWith(type, cause.message);
}

function nameOf(attempt: Attempt): SubmitOutcome {
  if (attempt === 'not sent') return 'not_sent';
  if (attempt instanceof ApplicationFailure) return attempt.type === 'ProviderUnavailable' ? 'unavailable' : 'refused';
  return 'jobId' in attempt ? 'accepted' : 'unknown';
}

/** Waits for a person, or for a provider event that names the job. May take days: nothing runs meanwhile. */
async function awaitDecision(
  run: VideoRun,
  { unknown, earlierJobs }: Unknown,
  inDoubt: readonly string[],
): Promise<Decision> {
  run.decide(null);
  if (earlierJobs !== undefined) run.earlierJobs = earlierJobs;
  const message = `${unknown} A paid job may exist; longtake will not send the request again by itself.${mayCost(run)}${whichOnes(inDoubt)}`;
  run.enter('awaiting_decision', { error: { type: 'SubmissionUnknown', message } });
  log.warn('the outcome of a submit is unknown: the run awaits a decision', { reason: unknown });
  const looks = new Map<string, number>();
  const hints: Hints = { looks, isOnly: inDoubt.length === 1, kin: kinOf(earlierJobs) };
  const toLookAt = (): string[] => run.candidates.filter((jobId) => (looks.get(jobId) ?? 0) < LOOKS);
  for (;;) {
    await condition(() => run.isCancelled() || run.decided() !== null || toLookAt().length > 0);
    const decision = run.decided() ?? (await adoptOne(run, toLookAt(), hints));
    if (decision !== null) return decision;
    if (run.isCancelled()) throw cancelledRun(run);
    if (toLookAt().length === 0 || run.decided() !== null) continue;
    tellOfUnread(run);
    const isTold = () => run.candidates.some((jobId) => !looks.has(jobId));
    await condition(() => run.isCancelled() || run.decided() !== null || isTold(), LOOK_AGAIN, {
      summary: `look again at ${toLookAt().join(', ')}`,
    });
  }
}

interface Hints {
  /** How often each job was looked at. */
  readonly looks: Map<string, number>;
  /** One submit is in doubt, and not more. */
  readonly isOnly: boolean;
  readonly kin: 'id' | 'none';
}

/** After a reset the job of the run before is what is looked for, but that of a cron schedule's run before is not. */
function kinOf(earlierJobs: readonly string[] | undefined): Hints['kin'] {
  return earlierJobs !== undefined && workflowInfo().continuedFromExecutionRunId === undefined ? 'id' : 'none';
}

/** One look at each job that events named: one that is not to be had must not hold up the right one. */
async function adoptOne(
  run: VideoRun,
  jobIds: readonly string[],
  { looks, isOnly, kin }: Hints,
): Promise<Decision | null> {
  for (const jobId of jobIds) {
    if (run.isCancelled() || run.decided() !== null) return null;
    const inspection = await lookAt({ jobId, kin });
    looks.set(jobId, (looks.get(jobId) ?? 0) + 1);
    if (!inspection.adoptable) {
      if (inspection.final) run.forget(jobId);
      continue;
    }
    const { status } = inspection.job;
    if (isOnly || isOfUse(status)) return { action: 'adopt', jobId, providerStatus: status };
    looks.set(jobId, LOOKS);
    leaveToPerson(run, jobId, status);
  }
  return null;
}

function isOfUse(status: string): boolean {
  const end = jobEnd(status);
  return end === undefined || end === 'saved';
}

/** It came of one of several submits, and the run would end with it while another one's video waits. */
function leaveToPerson(run: VideoRun, jobId: string, status: string): void {
  const { error } = run.status;
  const told = `${error?.message ?? ''} One of them led to job ${jobId}, which the provider calls ${status}.`;
  run.problem({ type: 'SubmissionUnknown', message: told });
}

/** Whoever has the request sent again must know that there is a job to be had. */
function tellOfUnread(run: VideoRun): void {
  const message = run.status.error?.message ?? '';
  const unread = run.candidates.filter((jobId) => !message.includes(jobId));
  if (unread.length === 0) return;
  const told = `${message} The provider told of job ${unread.join(', ')}, which could not be read yet: before you have the request sent again, try to adopt it.`;
  run.problem({ type: 'SubmissionUnknown', message: told });
}

/** A look that does not come back says nothing about the job. */
async function lookAt(job: InspectInput): Promise<Inspection> {
  try {
    return await inspectJob.executeWithOptions({ ...POLL, summary: `look at job ${job.jobId}` }, [job]);
  } catch (error) {
    if (activityCause(error) === null) throw error;
    return { adoptable: false, final: false, reason: 'the job could not be looked at' };
  }
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
