import { ApplicationFailure, type LoadedDataConverter } from '@temporalio/common';
// Not a public module, but the one the SDK's own client decodes with; all of @temporalio is pinned to one version.
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { isFailureType, type Problem } from '../contract/failures.js';
import type { Transfer } from './run-status.js';

/** What the server itself is at: a step that fails, or the last failure and the heartbeat of an activity that has not ended. */
export interface PendingWork {
  readonly problem: Problem | null;
  readonly transfer: Transfer | null;
}

type Raw = WorkflowExecutionDescription['raw'];
type PendingActivity = NonNullable<Raw['pendingActivities']>[number];

const DOWNLOAD = 'downloadVideo';

export async function pendingWork(
  { raw }: WorkflowExecutionDescription,
  converter: LoadedDataConverter,
): Promise<PendingWork> {
  const stuck = failingStep(raw);
  const activity = raw.pendingActivities?.[0];
  if (activity === undefined) return { problem: stuck, transfer: null };
  return {
    problem: stuck ?? (await lastFailure(activity, converter)),
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

async function lastFailure(activity: PendingActivity, converter: LoadedDataConverter): Promise<Problem | null> {
  const failure = await decodeOptionalFailureToOptionalError(converter, activity.lastFailure);
  if (failure === undefined) return null;
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
