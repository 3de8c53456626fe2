import pRetry from 'p-retry';
import { LIMITS } from '../contract/limits.js';
import { isPassing } from './s3-trouble.js';

/** Beside the SDK's own tries, which are over within a second. */
const BETWEEN = { retries: Infinity, minTimeout: 500, maxTimeout: 5_000 } as const;

/** Of the SDK's own name, so that it passes through as it is. */
export interface Deadline {
  readonly abortSignal: AbortSignal;
}

/** Of what waits for a bucket that is off for a while, because it would cost a whole download to come again. */
export interface Patience extends Deadline {
  /** Told of each trouble that is waited out. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Asks again while the trouble is one that passes by itself, for up to `LIMITS.storagePatienceMs` since the first time.
 * @param ask - is told how often it was asked before
 * @throws what it throws last; the signal's reason
 */
export async function patiently<T>(
  ask: (before: number) => Promise<T>,
  { abortSignal, onTrouble }: Patience,
): Promise<T> {
  return await pRetry((attempt) => ask(attempt - 1), {
    ...BETWEEN,
    maxRetryTime: LIMITS.storagePatienceMs,
    signal: abortSignal,
    shouldRetry: ({ error }) => {
      if (abortSignal.aborted || !isPassing(error)) return false;
      onTrouble(error);
      return true;
    },
  });
}
