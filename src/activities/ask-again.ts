import type { ContentAnswer } from '../openrouter/answers.js';

/** A provider that restarts, or a line that drops, is back by then; longer would hold a slot that another download waits for. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000] as const;
/** The provider may ask for so much. */
export const LONGEST_PAUSE_MS = 30_000;

/**
 * How long to wait before the rest of a file is asked for once more, or `null`: then the bytes that came are given up.
 * @param asked - how often the rest was asked for since the transfer broke off
 */
export function askAgainAfterMs(answer: ContentAnswer, asked: number): number | null {
  const pauseMs = PAUSES_MS[asked - 1];
  if (answer.outcome !== 'trouble' || pauseMs === undefined || !isPassing(answer.httpStatus)) return null;
  const waitMs = Math.max(pauseMs, answer.retryAfterMs ?? 0);
  return waitMs <= LONGEST_PAUSE_MS ? waitMs : null;
}

/** No answer, or one that says nothing about the file. */
function isPassing(httpStatus: number | null): boolean {
  return httpStatus === null || httpStatus === 429 || httpStatus >= 500;
}
