import { ApplicationFailure } from '@temporalio/common';
import { failureMessage, type FailureType } from '../contract/failures.js';

/** The only place where activities make Temporal failures: the type decides, the message tells the user what to do. */

/** Asking again cannot help. */
export function finalFailure(type: FailureType, what: string, command?: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message: failureMessage(type, what, command), nonRetryable: true });
}

/** The same request may succeed later; `delayMs` overrides the retry policy's own interval. */
export function passingFailure(
  type: FailureType,
  what: string,
  options: { readonly delayMs?: number | null; readonly cause?: Error } = {},
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: failureMessage(type, what),
    ...(options.delayMs === undefined || options.delayMs === null ? {} : { nextRetryDelay: options.delayMs }),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}
