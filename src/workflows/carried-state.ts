import type { VideoStatus } from '../contract/types.js';
import type { Plan } from '../activities/check-request.js';
import type { PollTroubleKind } from './poll-trouble.js';
import type { SubmitOutcome } from './submits.js';

/** What a run takes along when it continues as new: enough to go on polling as if nothing had happened. */
export interface CarriedState {
  readonly plan: Plan;
  readonly status: VideoStatus;
  /** When the polling bound ends, in milliseconds since the epoch. */
  readonly pollDeadlineAt: number;
  /** No request before this time, in milliseconds since the epoch. */
  readonly notBefore: number;
  readonly missingInARow: number;
  /** What the last poll met instead of an answer, in words. */
  readonly lastProblem?: string | null;
  readonly lastDenial: 'AuthenticationFailed' | 'PermissionDenied' | null;
  /** What the log was told of last. */
  readonly pollTrouble?: PollTroubleKind;
  /** A provider event came in during the last poll. */
  readonly woken?: boolean;
  /** Sooner looks that are still to come, after an event that no poll has confirmed. */
  readonly afterEventMs?: readonly number[];
  /** Polls that events have caused, beside the schedule. */
  readonly hurriedPolls?: number;
  /** No poll that an event hurries before this time, in milliseconds since the epoch. */
  readonly nextHurryAt?: number;
  /** The run was cancelled, and settles. */
  readonly cancelled?: { readonly reason: string | null };
  readonly seenEvents: readonly string[];
  readonly submits: readonly SubmitOutcome[];
  readonly otherDoubts?: string | null;
  readonly stateSince: string;
  /** The job was adopted, in answer to the run's own question. */
  readonly adopted?: boolean;
}
