import type { FailureType } from '../contract/failures.js';

/** What the provider's final words mean. */
const ENDS: Readonly<Record<string, FailureType | 'saved' | undefined>> = {
  completed: 'saved',
  failed: 'VideoFailed',
  dead: 'VideoFailed',
  cancelled: 'VideoCancelled',
  expired: 'VideoExpired',
};

/** How a job with this status has ended; `undefined` while it goes on, and of a status that nobody knows yet. */
export function jobEnd(status: string): FailureType | 'saved' | undefined {
  return Object.hasOwn(ENDS, status) ? ENDS[status] : undefined;
}
