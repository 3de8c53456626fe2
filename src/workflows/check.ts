import { ApplicationFailure, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { CheckFailureDetails, Plan } from '../activities/check-request.js';
import type { Activities } from '../activities/index.js';
import type { GenerateVideoInput } from '../contract/types.js';
import { CHECK } from './activity-options.js';
import { cancelledRun } from './cancellation.js';
import { goesBy } from './changes.js';
import { activityCause, contractType, endWith, failRun } from './failures.js';
import type { VideoRun } from './video-run.js';

const { checkRequest } = proxyActivities<Pick<Activities, 'checkRequest'>>(CHECK);

/** As old as the worker's own list of models and prices may be. */
const FRESH_MS = 5 * 60_000;

/** Everything that can be known before money is spent. */
export async function check(run: VideoRun): Promise<void> {
  const plan = await askForPlan(run);
  if (!isPlanFor(run.input, plan) && goesBy('refuses-given-plans')) throw endedByHand();
  run.checked(plan);
}

async function askForPlan(run: VideoRun): Promise<Plan> {
  try {
    return await run.untilCancelled(() => checkRequest(run.input));
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
  if (isDue && goesBy('checks-again')) await check(run);
}

/** Whoever completes the activity by hand may give anything, and what it may cost is known only from the check. */
function isPlanFor({ request, maxCostUsd }: GenerateVideoInput, plan: Plan | null): boolean {
  const { output, polling, submitMs, downloadMs, onCancel, estimatedCostUsd }: Partial<Plan> = plan ?? {};
  const { initialIntervalMs, backoffCoefficient, maximumIntervalMs, maximumAttempts, timeoutMs } = polling ?? {};
  const times = [submitMs, downloadMs, initialIntervalMs, maximumIntervalMs, timeoutMs];
  const isWhole =
    typeof output === 'string' &&
    (onCancel === 'abandon' || onCancel === 'settle') &&
    [...times, backoffCoefficient, maximumAttempts].every((value) => typeof value === 'number');
  const hasBudget = request !== undefined && maxCostUsd !== undefined;
  return isWhole && (!hasBudget || (typeof estimatedCostUsd === 'number' && estimatedCostUsd <= maxCostUsd));
}

function endedByHand(): ApplicationFailure {
  return failRun(
    'InvalidRequest',
    'The check of the request was ended in Temporal by somebody who gave no whole plan, or none with a price within maxCostUsd. Nothing was submitted.',
  );
}
