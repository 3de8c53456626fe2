import { ApplicationFailure, TimeoutFailure, type LoadedDataConverter } from '@temporalio/common';
// Not a public module, but the one the SDK's own client decodes with; all of @temporalio is pinned to one version.
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { isFailureType, type Problem } from '../contract/failures.js';
import { downloadTaskQueue } from '../contract/names.js';
import type { Transfer } from './run-status.js';

/** What the server itself is at: a step that fails, or the last failure and the heartbeat of an activity that has not ended. */
export interface PendingWork {
  readonly problem: Problem | null;
  readonly transfer: Transfer | null;
}

type Raw = WorkflowExecutionDescription['raw'];
type PendingActivity = NonNullable<Raw['pendingActivities']>[number];

const { PendingActivityState, PendingWorkflowTaskState } = proto.temporal.api.enums.v1;

const DOWNLOAD = 'downloadVideo';
/** Those of the download lane. */
const DOWNLOADS: ReadonlySet<string> = new Set([DOWNLOAD, 'discardDownload']);
/** Within this a worker takes what there is, unless all are busy; people and clocks of two machines get some more. */
const TAKEN_WITHIN_MS = 60_000;

export async function pendingWork(
  { raw }: WorkflowExecutionDescription,
  converter: LoadedDataConverter,
  nowMs = Date.now(),
): Promise<PendingWork> {
  const step = failingStep(raw) ?? untakenStep(raw, nowMs);
  const activity = raw.pendingActivities?.[0];
  if (activity === undefined) return { problem: step, transfer: null };
  return {
    problem: step ?? paused(activity) ?? untaken(raw, activity, nowMs) ?? (await lastFailure(activity, converter)),
    transfer: await transferOf(activity, converter),
  };
}

/** Why a worker gave it back stands in its log and in the history, not in the description. */
export function failingStep({ pendingWorkflowTask }: Raw): Problem | null {
  // One that failed once: a worker may have died in the middle of it, which is no news.
  if ((pendingWorkflowTask?.attempt ?? 1) <= 2) return null;
  return {
    type: 'Unexpected',
    message:
      "No worker gets on with this run: its step fails again and again. See the worker's log: its LONGTAKE_ENCRYPTION_KEY, or its release, may be another one.",
  };
}

function untakenStep(raw: Raw, nowMs: number): Problem | null {
  const { state, originalScheduledTime, scheduledTime } = raw.pendingWorkflowTask ?? {};
  if (state !== PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED) return null;
  const since = optionalTsToDate(originalScheduledTime) ?? optionalTsToDate(scheduledTime);
  return notTaken('next step of this run', queueOf(raw), since, nowMs);
}

function untaken(raw: Raw, { state, scheduledTime, activityType }: PendingActivity, nowMs: number): Problem | null {
  if (state !== PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED) return null;
  const name = activityType?.name ?? '';
  const queue = DOWNLOADS.has(name) ? downloadTaskQueue(queueOf(raw)) : queueOf(raw);
  return notTaken(name, queue, optionalTsToDate(scheduledTime), nowMs);
}

function notTaken(what: string, queue: string, since: Date | undefined, nowMs: number): Problem | null {
  if (since === undefined || nowMs - since.getTime() < TAKEN_WITHIN_MS) return null;
  return {
    type: 'NoWorker',
    message: `No worker of task queue ${queue} has taken the ${what} since ${since.toISOString()}: none is there, or all are busy. See longtake doctor.`,
  };
}

function queueOf({ executionConfig }: Raw): string {
  return executionConfig?.taskQueue?.name ?? '';
}

/** While it is, the server ends no attempt of it either, also of a worker that is dead. */
function paused({ paused: isPaused, activityId, activityType }: PendingActivity): Problem | null {
  if (isPaused !== true) return null;
  return {
    type: 'Paused',
    message: `Somebody has paused the activity ${activityType?.name ?? ''} (id ${activityId ?? ''}) in Temporal, and the run goes on when it is unpaused.`,
  };
}

async function lastFailure(activity: PendingActivity, converter: LoadedDataConverter): Promise<Problem | null> {
  const failure = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure);
  if (failure === undefined) return null;
  if (failure instanceof TimeoutFailure && activity.activityType?.name === DOWNLOAD) {
    return {
      type: 'DownloadFailed',
      message: 'The worker stopped answering during the transfer; another attempt follows.',
    };
  }
  const type = failure instanceof ApplicationFailure && isFailureType(failure.type) ? failure.type : 'Unexpected';
  return { type, message: failure.message };
}

async function transferOf(activity: PendingActivity, converter: LoadedDataConverter): Promise<Transfer | null> {
  if (activity.activityType?.name !== DOWNLOAD) return null;
  const [details] = await decodeArrayFromPayloads(converter, activity.heartbeatDetails?.payloads);
  if (typeof details !== 'object' || details === null) return null;
  const { bytes, totalBytes } = details as Partial<Record<keyof Transfer, unknown>>;
  if (typeof bytes !== 'number') return null;
  return { bytes, totalBytes: typeof totalBytes === 'number' ? totalBytes : null };
}
