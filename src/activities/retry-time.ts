import { activityInfo } from '@temporalio/activity';

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
