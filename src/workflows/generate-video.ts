import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { adoptCommand } from '../contract/commands.js';
import { FAILURES, type FailureType } from '../contract/failures.js';
import type { GenerateVideoInput, GenerateVideoResult } from '../contract/types.js';
import { cancelAtServer, cancelledBy, cancelledRun, cancelThisRun } from './cancellation.js';
import type { CarriedState } from './carried-state.js';
import { decideChanges, goesBy } from './changes.js';
import { check } from './check.js';
import { download } from './download.js';
import { activityCause, contractType, endWith, failRun, problemOf } from './failures.js';
import { recordEnd } from './ledger.js';
import { isToLookBack, lookBack } from './jobs-before-reset.js';
import { listen } from './listen.js';
import { statedIn } from './stated-input.js';
import { submit } from './submit.js';
import { now, VideoRun } from './video-run.js';
import { waitForVideo } from './wait.js';

/**
 * One request in, one whole MP4 saved: check, submit once, wait, download. `before` is the run's own, when it continues
 * as new; callers give one argument, and more is `InvalidRequest`.
 */
export async function generateVideo(
  input: GenerateVideoInput,
  before?: CarriedState | null,
): Promise<GenerateVideoResult> {
  decideChanges();
  const isContinued = workflowInfo().continuedFromExecutionRunId !== undefined;
  const carried = isContinued ? (before ?? undefined) : undefined;
  const run = new VideoRun(input, carried);
  listen(run);
  // Each step decides for itself what a cancel does to it: a submit, for one, must wait for its answer.
  return await CancellationScope.nonCancellable(() =>
    toItsEnd(run, async () => {
      if (!isContinued) refuseMore(before);
      return await makeVideo(run, carried);
    }),
  );
}

function refuseMore(second: unknown): void {
  if (second === undefined || second === null) return;
  throw failRun('InvalidRequest', 'The workflow takes one argument, and got a second one. Nothing was submitted.');
}

async function makeVideo(run: VideoRun, carried: CarriedState | undefined): Promise<GenerateVideoResult> {
  if (carried === undefined) {
    await check(run);
    await start(run);
  } else if (run.isCancelled() && goesBy('settles-in-new-history')) {
    void cancelThisRun(run); // so that it shows; the wait goes on meanwhile
  }
  const { outputs, model } = await waitForVideo(run, carried);
  if (run.isCancelled()) throw cancelledRun(run);
  const jobId = run.status.jobId ?? '';
  await download(run, jobId, outputs);
  return result(run, jobId, model);
}

async function start(run: VideoRun): Promise<void> {
  const { request, jobId } = run.input;
  if (jobId !== undefined) run.follow(jobId, null, null);
  else if (request !== undefined) await submit(run, request);
}

function result(run: VideoRun, jobId: string, model: string | null): GenerateVideoResult {
  const { assets, costUsd, estimatedCostUsd, polls, submittedAt } = run.status;
  const completedAt = now();
  run.enter('succeeded', { completedAt, error: null });
  return { jobId, model: run.plan.model ?? model, assets, costUsd, estimatedCostUsd, polls, submittedAt, completedAt };
}

/** Whatever the end, it is shown and recorded before the run closes, and no message handler is cut off in the middle. */
async function toItsEnd(run: VideoRun, work: () => Promise<GenerateVideoResult>): Promise<GenerateVideoResult> {
  try {
    const made = await work();
    await condition(allHandlersFinished);
    recordEnd(run, made.model);
    return made;
  } catch (error) {
    // Anything else is a defect: the workflow task fails and is tried again, so that a mended worker goes on.
    if (!(error instanceof TemporalFailure)) throw error;
    if (isToLookBack(run)) await lookBack(run);
    const end = endOf(run, error);
    const state = end instanceof CancelledFailure ? 'cancelled' : 'failed';
    run.enter(state, { completedAt: now(), error: problemOf(end) });
    if (end instanceof CancelledFailure) await cancelAtServer(run);
    await condition(allHandlersFinished);
    const last = wordsOfLast(run, error, end);
    recordEnd(run);
    throw last;
  }
}

/** The last look of the run may have shown one more job. */
function wordsOfLast(run: VideoRun, error: TemporalFailure, end: TemporalFailure): TemporalFailure {
  const last = endOf(run, error);
  if (last.message === end.message || !goesBy('tells-all-at-its-end')) return end;
  run.problem(problemOf(last));
  run.record();
  return last;
}

/** How the run ends in the end. A cancelled one ends Canceled whatever the provider says or whichever bound is met. */
function endOf(run: VideoRun, failure: TemporalFailure): TemporalFailure {
  const isCancel = failure instanceof CancelledFailure;
  const untold = untoldOf(run, failure);
  if (isCancel) return new CancelledFailure(failure.message + untold);
  if (run.isCancelled()) return new CancelledFailure(`${cancelledBy(run)} ${failure.message}${untold}`);
  const type = failure instanceof ApplicationFailure ? contractType(failure) : null;
  if (type !== null) return endWith(type, failure.message + untold, billedOf(run, type));
  return untold === '' ? failure : endedByHand(failure, untold);
}

/** Somebody failed an activity in Temporal, in words of their own. */
function endedByHand(failure: TemporalFailure, untold: string): ApplicationFailure {
  const told = activityCause(failure)?.message ?? failure.message;
  const message = `A step of the run was ended in Temporal by hand (it was told: ${told}).${untold}`;
  return ApplicationFailure.create({ message, nonRetryable: true, cause: failure });
}

function billedOf(run: VideoRun, type: FailureType): (typeof FAILURES)[FailureType]['billed'] {
  const { billed } = FAILURES[type];
  return billed === 'no' && (run.isInDoubt || run.otherDoubts !== null) ? 'maybe' : billed;
}

/** A run never ends without a word on jobs that it may have paid for and does not follow. */
function untoldOf(run: VideoRun, failure: TemporalFailure): string {
  if (run.status.jobId !== null) return run.otherDoubts === null ? '' : ` ${run.otherDoubts}`;
  // One of several may be saved under the run's own key, but nobody knows which.
  const named = run.hinted.candidates.filter((jobId) => !run.earlierJobs.includes(jobId));
  const isOnly = run.earlierJobs.length + named.length === 1;
  const { output, overwrite } = statedIn(run.input);
  const told = (who: string) => (jobId: string) =>
    `${who} job ${jobId}; to save its video: ${adoptCommand(jobId, isOnly ? output : null, overwrite)}`;
  const jobs = [
    ...run.earlierJobs.map(told('The run before the reset had')),
    ...named.map(told('The provider told of')),
  ].join('. ');
  return doubtOf(run, failure) + (jobs === '' ? '' : ` ${jobs}`);
}

/** Both a cancel and an abandoned submit say so themselves. */
function doubtOf(run: VideoRun, failure: TemporalFailure): string {
  const isAbandoned = failure instanceof ApplicationFailure && failure.type === 'SubmissionAbandoned';
  if (!run.isInDoubt || isAbandoned || failure instanceof CancelledFailure) return '';
  const isTaken = failure instanceof ApplicationFailure && failure.type === 'OutputConflict';
  return run.isReset
    ? ` The run before Temporal’s Reset may have submitted all the same: a job of it may be billed${isTaken ? ', and what is under the key may be its video' : ''}.`
    : ' An earlier submit of this run is in doubt all the same: a job may exist and be billed.';
}
