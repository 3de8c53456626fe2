import pRetry from 'p-retry';
import type { Deadline } from './s3-patience.js';
import { isDenied, isNotImplemented } from './s3-trouble.js';

/** What removes or aborts something gets no longer; what it leaves is swept by the next attempt, if there is one. */
const TIDY_WITHIN_MS = 30_000;
const TIDYING = { retries: Infinity, minTimeout: 500, maxTimeout: 4_000 } as const;

export function tidying(): Deadline {
  return { abortSignal: AbortSignal.timeout(TIDY_WITHIN_MS) };
}

/** Tries as long as tidying up may take: after a save nobody sweeps. What S3 does not allow, or know, is not tried again. */
export async function persistently(tidy: (ending: Deadline) => Promise<unknown>): Promise<void> {
  const ending = tidying();
  await pRetry(() => tidy(ending), {
    ...TIDYING,
    signal: ending.abortSignal,
    shouldRetry: ({ error }) => !isDenied(error) && !isNotImplemented(error),
  });
}

/** Waits for the work no longer than until the ending; it goes on all the same. */
export async function inTime(work: Promise<unknown>, { abortSignal: end }: Deadline): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    if (end.aborted) resolve();
    end.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
  await Promise.race([work, ended]);
}
