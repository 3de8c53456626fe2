import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  type TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import { FAILURES, failureMessage, isFailureType, type FailureType, type Problem } from '../contract/failures.js';

/** The run's end with a contract type. What went before is in the history, so the failure itself stays one level deep. */
export function failRun(type: FailureType, what: string, command?: string): ApplicationFailure {
  return endWith(type, failureMessage(type, what, command));
}

export function endWith(type: FailureType, message: string, billed = FAILURES[type].billed): ApplicationFailure {
  const { slug } = FAILURES[type];
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    details: [{ billed, docs: `docs/errors/${slug}.md` }],
  });
}

/** What an activity failed with: its own failure, a time-out, or a cancellation; anything else is not an activity's end. */
export function activityCause(error: unknown): ApplicationFailure | TimeoutFailure | CancelledFailure | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure || cause instanceof TimeoutFailure || cause instanceof CancelledFailure
    ? cause
    : null;
}

/** A failure type of the contract, or `null` where the failure has none. */
export function contractType(cause: ApplicationFailure): FailureType | null {
  return isFailureType(cause.type) ? cause.type : null;
}

export function problemOf(failure: TemporalFailure): Problem {
  if (failure instanceof CancelledFailure) return { type: 'Cancelled', message: failure.message };
  const type = failure instanceof ApplicationFailure ? contractType(failure) : null;
  return { type: type ?? 'Unexpected', message: failure.message };
}
