import { ApplicationFailure, isCancellation, patched, proxyActivities } from '@temporalio/workflow';
import type { CheckFailureDetails } from '../activities/check-request.js';
import type { Activities } from '../activities/index.js';
import { CHECK } from './activity-options.js';
import { cancelledRun } from './cancellation.js';
import { activityCause, contractType, endWith } from './failures.js';
import type { VideoRun } from './video-run.js';

const { checkRequest } = proxyActivities<Pick<Activities, 'checkRequest'>>(CHECK);

/** As old as the worker's own list of models and prices may be. */
const FRESH_MS = 5 * 60_000;

/** Runs of earlier builds paid by the price of their start, however long they had waited. */
const CHECKS_AGAIN = 'checks-again';

/** Everything that can be known before money is spent. */
export async function check(run: VideoRun): Promise<void> {
  try {
    run.checked(await run.untilCancelled(() => checkRequest(run.input)));
  } catch (error) {
    if (run.isCancelled() && isCancellation(error)) throw cancelledRun(run);
    const cause = activityCause(error);
    if (!(cause instanceof ApplicationFailure)) throw error;
    run.refused(cause.details?.[0] as CheckFailureDetails | undefined);
    const type = contractType(cause);
    throw type === null ? error : endWith(type, cause.message);
  }
}

/** Prices change while a run waits for a worker or for a person, and its budget is held to at the moment it pays. */
export async function checkAgain(run: VideoRun): Promise<void> {
  const isDue = run.input.maxCostUsd !== undefined && Date.now() - run.checkedAt > FRESH_MS;
  if (isDue && patched(CHECKS_AGAIN)) await check(run);
}
