import { activityInfo } from '@temporalio/activity';
import type { ApplicationFailure } from '@temporalio/common';
import { finalFailure, passingFailure } from './failures.js';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;

/**
 * Time since the activity was first scheduled, in milliseconds. Taken from the server's own stamps plus a monotonic
 * clock, so a wall clock that jumps cannot stretch or cut a bound.
 */
export function stopwatch(): () => number {
  const { currentAttemptScheduledTimestampMs, scheduledTimestampMs } = activityInfo();
  const before = Math.max(0, currentAttemptScheduledTimestampMs - scheduledTimestampMs);
  const startedAt = performance.now();
  return () => before + (performance.now() - startedAt);
}

/** When to try again: the provider's word where it gave one, else doubling from one second to thirty, ± 10 %. */
export function retryDelayMs(attempt: number, retryAfterMs: number | null): number {
  const backoff = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 10), LONGEST_DELAY_MS);
  const jittered = backoff * (0.9 + Math.random() * 0.2);
  return Math.round(Math.max(jittered, retryAfterMs ?? 0));
}

/** How long something is tried again, and how long it has been: both in milliseconds. */
export interface Patience {
  readonly submitMs: number;
  readonly elapsedMs: () => number;
}

interface Again {
  readonly retryAfterMs?: number | null;
  readonly cause?: Error;
  /** Default: the same. */
  readonly atTheEnd?: string;
}

/** `ProviderUnavailable`: to be tried again later, or final where the time for that is over. */
export function unavailable(
  what: string,
  { submitMs, elapsedMs }: Patience,
  { retryAfterMs = null, cause, atTheEnd = what }: Again = {},
): ApplicationFailure {
  const delayMs = retryDelayMs(activityInfo().attempt, retryAfterMs);
  if (elapsedMs() + delayMs > submitMs) return finalFailure('ProviderUnavailable', atTheEnd);
  return passingFailure('ProviderUnavailable', what, { delayMs, ...(cause === undefined ? {} : { cause }) });
}
