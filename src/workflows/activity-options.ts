import { ActivityCancellationType, type ActivityOptions, type LocalActivityOptions } from '@temporalio/workflow';

/** How each activity is run, with its reason. Fixed limits of single requests are in `contract/limits.ts`. */

/**
 * Reads only, so it may run any number of times; the activity itself ends what cannot succeed. It takes one answer of the
 * provider and a look at the storage, so a worker that died in it is replaced within a minute.
 */
export const CHECK = {
  startToCloseTimeout: '45s',
  summary: 'check the request',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const satisfies ActivityOptions;

/**
 * A second POST can bill twice. The server must never send it by itself, so its own time-outs are final, and the workflow
 * decides by the mark they carry; what the activity throws as retryable is proven not to have been accepted.
 * Thirty seconds without a heartbeat: a worker's death shows within a minute. A cancel ends the retries, never a request
 * that is under way: its answer is waited for.
 */
export const SUBMIT = {
  startToCloseTimeout: '100s',
  heartbeatTimeout: '30s',
  retry: {
    initialInterval: '1s',
    backoffCoefficient: 2,
    maximumInterval: '30s',
    nonRetryableErrorTypes: ['TemporalTimeout:StartToClose', 'TemporalTimeout:Heartbeat'],
  },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const satisfies ActivityOptions;

/** One request; the polling schedule is its retry. Local: six history events a poll instead of eleven, and slots of their own. */
export const POLL = {
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 1 },
} as const satisfies LocalActivityOptions;

/**
 * Reads only: one answer of the provider, and two of Temporal. The activity makes an answer of what fails, so that a second attempt is
 * for a worker that died in the first. First in the queue, since a person may wait for it.
 */
export const LOOK = {
  priority: { priorityKey: 1 },
  startToCloseTimeout: '40s',
  retry: { initialInterval: '1s', maximumAttempts: 2 },
} as const satisfies ActivityOptions;

/**
 * Attempts are not counted, since a worker's death must not use them up: `timeouts.download` bounds them, set per run.
 * Thirty seconds without a heartbeat: a dead worker's transfer starts anew within a minute.
 */
export const DOWNLOAD = {
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const satisfies ActivityOptions;

/**
 * Tidying up after a download that was given up: worth a few tries, not worth holding the run's end for long. First in
 * the download lane, whose slots may all be taken.
 */
export const DISCARD = {
  priority: { priorityKey: 1 },
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '1s', maximumAttempts: 3 },
} as const satisfies ActivityOptions;

/** Asking the server for this run's own cancellation: safe to repeat, and wanted at once. Some five minutes of tries. */
export const CANCEL_RUN = {
  priority: { priorityKey: 1 },
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 35 },
} as const satisfies ActivityOptions;

/** In histories of earlier builds. */
export const LOCAL_CANCEL_RUN = {
  startToCloseTimeout: CANCEL_RUN.startToCloseTimeout,
  retry: CANCEL_RUN.retry,
} as const satisfies LocalActivityOptions;
