import { ApplicationFailure, TimeoutFailure, type LoadedDataConverter } from '@temporalio/common';
// Not a public module, but the one the SDK's own client decodes with; all of @temporalio is pinned to one version.
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { isFailureType, type Problem } from '../contract/failures.js';
import type { Transfer } from './run-status.js';
import { standstill } from './standstill.js';

/** What the server itself is at: why nothing happens, or the last failure and the heartbeat of an activity that has not ended. */
export interface PendingWork {
  readonly problem: Problem | null;
  readonly transfer: Transfer | null;
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

const DOWNLOAD = 'downloadVideo';

export async function pendingWork(
  client: Client,
  description: WorkflowExecutionDescription,
  nowMs = Date.now(),
): Promise<PendingWork> {
  const { loadedDataConverter: converter } = client.options;
  const problem = await standstill(client, description, nowMs);
  const activity = mainActivity(description.raw);
  if (activity === undefined) return { problem, transfer: null };
  const progress = await progressOf(activity, converter);
  return {
    problem: problem ?? (await lastFailure(activity, converter)) ?? troubleOf(progress),
    transfer: transferOf(progress),
  };
}

/** A run may wait for a cancel, or for looks at jobs, besides. */
function mainActivity({ pendingActivities }: WorkflowExecutionDescription['raw']): PendingActivity | undefined {
  return pendingActivities?.find(({ activityType }) => activityType?.name === DOWNLOAD) ?? pendingActivities?.[0];
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

/** What a download's heartbeat says, as far as it is read here. */
type Progress = Partial<Record<'bytes' | 'totalBytes' | 'problem', unknown>>;

async function progressOf(activity: PendingActivity, converter: LoadedDataConverter): Promise<Progress> {
  if (activity.activityType?.name !== DOWNLOAD) return {};
  const [details] = await decodeArrayFromPayloads(converter, activity.heartbeatDetails?.payloads);
  return typeof details === 'object' ? (details ?? {}) : {};
}

function transferOf({ bytes, totalBytes }: Progress): Transfer | null {
  if (typeof bytes !== 'number') return null;
  return { bytes, totalBytes: typeof totalBytes === 'number' ? totalBytes : null };
}

/** What the attempt that is under way waits for. */
function troubleOf({ problem }: Progress): Problem | null {
  const { type, message } = (problem ?? {}) as Partial<Record<keyof Problem, unknown>>;
  return typeof type === 'string' && isFailureType(type) && typeof message === 'string' ? { type, message } : null;
}
