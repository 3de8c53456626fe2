import { FAILURES, isFailureType, type FailureType } from './failures.js';
import type { VideoStatus } from './types.js';

/** The last words of a run that was cancelled before it paid. */
export const CANCELLED_IN_TIME = 'Nothing was submitted, and nothing is billed.';

/** Whoever ends in one of these has paid only if there is a job. */
const ONLY_WITH_A_JOB: ReadonlySet<FailureType> = new Set([
  'AuthenticationFailed',
  'PermissionDenied',
  'StorageFailed',
]);

/** Every doubt is told in one of these words, and so is a job that is not the run's own. */
const DOUBT = /\bbe billed\b|\bmay have submitted\b|\bto (?:save its|get the paid) video\b/i;

/** What the end of such a run says in place of a cost. */
export const UNBILLED = 'nothing: no job was submitted';

/** The run has ended and has certainly paid for nothing. `false` also where that is only not known. */
export function isUnbilled({
  state,
  jobId,
  submittedAt,
  costUsd,
  warnings,
  error,
}: Pick<VideoStatus, 'state' | 'jobId' | 'submittedAt' | 'costUsd' | 'warnings' | 'error'>): boolean {
  if (error === null || jobId !== null || submittedAt !== null || costUsd !== null || warnings.length > 0) return false;
  if (state === 'cancelled') return error.message.endsWith(CANCELLED_IN_TIME);
  return state === 'failed' && isOfNoBill(error.type) && !DOUBT.test(error.message);
}

function isOfNoBill(type: string): boolean {
  return isFailureType(type) && (FAILURES[type].billed === 'no' || ONLY_WITH_A_JOB.has(type));
}
