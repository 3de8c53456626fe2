import { ApplicationFailure, TimeoutFailure, type LoadedDataConverter } from '@temporalio/common';
// Not a public module, but the one the SDK's own client decodes with; all of @temporalio is pinned to one version.
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type proto from '@temporalio/proto';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { isFailureType, type Problem } from '../contract/failures.js';
import type { Transfer } from './run-status.js';
import { isStepFailing, standstill, stepFails } from './standstill.js';
import { readingProblem } from './unread-memos.js';

/** What the server itself is at: why nothing happens, or the last failure and the heartbeat of an activity that has not ended. */
export interface PendingWork {
  readonly problem: Problem | null;
  readonly transfer: Transfer | null;
}

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;
type Failure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];
type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

const DOWNLOAD = 'downloadVideo';

export async function pendingWork(
  client: Client,
  description: WorkflowExecutionDescription,
  nowMs = Date.now(),
): Promise<PendingWork> {
  const { raw } = description;
  const { namespace, loadedDataConverter: converter } = client.options;
  const problem = isStepFailing(raw) ? await failingStep(client, description) : standstill(raw, { namespace, nowMs });
  const activity = raw.pendingActivities?.[0];
  if (activity === undefined) return { problem, transfer: null };
  const progress = await progressOf(activity, converter);
  return {
    problem: problem ?? (await lastFailure(activity, converter)) ?? troubleOf(progress),
    transfer: transferOf(progress),
  };
}

/** Of a step that fails again and again Temporal records the first failure; what came after it are few events. */
const LOOKED_AT = 50;

async function failingStep(
  { workflowService, options: { namespace, loadedDataConverter } }: Client,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<Problem> {
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution: { workflowId, runId },
    maximumPageSize: LOOKED_AT,
  });
  const said = await wordsOf(failureOfStep(history?.events ?? []), loadedDataConverter);
  return stepFails(`${said}See the worker's log: its LONGTAKE_ENCRYPTION_KEY, or its release, may be another one.`);
}

async function wordsOf(failure: Failure, converter: LoadedDataConverter): Promise<string> {
  try {
    const error = await decodeOptionalFailureToOptionalError(converter, failure);
    return error === undefined ? '' : `The worker said: "${error.message.replace(/\.$/, '')}". `;
  } catch (error) {
    return `What the worker said cannot be read here: ${readingProblem(error)} `;
  }
}

/** `newestFirst`: only what came after the last step that was done is about this one. */
function failureOfStep(newestFirst: readonly HistoryEvent[]): Failure {
  for (const { workflowTaskCompletedEventAttributes: done, workflowTaskFailedEventAttributes: failed } of newestFirst) {
    if (done) return null;
    if (failed) return failed.failure;
  }
  return null;
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
