/** Names on the wire. Running histories and callers in other languages hold them: add, never rename. */

export const DEFAULT_TASK_QUEUE = 'longtake';

/** Where a run on `taskQueue` has its videos downloaded. */
export function downloadTaskQueue(taskQueue: string): string {
  return `${taskQueue}-downloads`;
}

export const WORKFLOW_TYPE = 'generateVideo';

export const STATUS_QUERY = 'status';
export const CANCEL_SIGNAL = 'cancel';
export const PROVIDER_EVENT_SIGNAL = 'providerEvent';
/** From the worker to its run, before the paid request leaves. */
export const SENDING_SIGNAL = 'sending';
/** From the worker as well, after that signal: whether the request may leave. */
export const IS_WANTED_QUERY = 'isWanted';
export const MAY_HAVE_SENT_QUERY = 'mayHaveSent';
export const RESOLVE_SUBMISSION_UPDATE = 'resolveSubmission';

/** The memo that holds the newest `VideoStatus`, so that a closed run can be read without any worker. */
export const STATUS_MEMO = 'status';
export const MODEL_MEMO = 'model';
/** The key of its video, as asked for. */
export const OUTPUT_MEMO = 'output';
/** `true`: no answer to a request of the run's own had its job, which is another run's, perhaps. */
export const ADOPTED_MEMO = 'adopted';

/** Search attributes and their Temporal types. longtake runs without them where it may not create them. */
export const SEARCH_ATTRIBUTES = {
  LongtakeState: 'Keyword',
  LongtakeModel: 'Keyword',
  LongtakeJobId: 'Keyword',
  LongtakeCostUsd: 'Double',
  LongtakeTenant: 'Keyword',
} as const;
