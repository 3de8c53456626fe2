import type { LoadedDataConverter } from '@temporalio/common';
// Not a public module, but the one the SDK's own client decodes with; all of @temporalio is pinned to one version.
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { Problem } from '../contract/failures.js';
import { readingProblem } from './unread-memos.js';

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;
type Failure = Parameters<typeof decodeOptionalFailureToOptionalError>[1];

const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;

/** Of a step that is not done Temporal records the first attempt; what came after it are few events. */
const LOOKED_AT = 50;

/** Those with which the server itself ends a task: a reset, a signal that came in its midst. */
const NO_FAULT: ReadonlySet<unknown> = new Set([
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FAILOVER_CLOSE_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE,
]);

/** Why a step that workers have taken is not done, as the end of its history tells; `null` where that is no news. */
export async function stuckStep(
  { workflowService, options: { namespace, loadedDataConverter } }: Client,
  { raw, workflowId, runId }: WorkflowExecutionDescription,
): Promise<Problem | null> {
  const attempt = raw.pendingWorkflowTask?.attempt ?? 1;
  if (attempt === 1) return null;
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution: { workflowId, runId },
    maximumPageSize: LOOKED_AT,
  });
  const events = sinceLastDone(history?.events ?? []);
  const failed = events.find(isFailed)?.workflowTaskFailedEventAttributes;
  if (failed) return stepFails(await wordsOf(failed.failure, loadedDataConverter));
  // One that timed out once: a worker may have died in the middle of it, which is no news.
  return attempt === 2 ? null : stepTimesOut(events);
}

function sinceLastDone(newestFirst: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const done = newestFirst.findIndex(({ workflowTaskCompletedEventAttributes: completed }) => completed);
  return done === -1 ? newestFirst : newestFirst.slice(0, done);
}

function isFailed({ workflowTaskFailedEventAttributes: failed }: HistoryEvent): boolean {
  return failed ? !NO_FAULT.has(failed.cause) : false;
}

const NO_WORKER_GETS_ON = 'No worker gets on with this run:';

function stepFails(said: string): Problem {
  return {
    type: 'Unexpected',
    message: `${NO_WORKER_GETS_ON} its step fails again and again. ${said}See the worker's log: its LONGTAKE_ENCRYPTION_KEY, or its release, may be another one.`,
  };
}

/** A step that fails looks the same where its first attempt timed out, since the SDK gives back no later one. */
function stepTimesOut(newestFirst: readonly HistoryEvent[]): Problem {
  const started = newestFirst.find(({ workflowTaskStartedEventAttributes: taken }) => taken);
  const identity = started?.workflowTaskStartedEventAttributes?.identity ?? '';
  const first = identity === '' ? '' : ` (the first was ${identity})`;
  return {
    type: 'StepTimesOut',
    message: `${NO_WORKER_GETS_ON} again and again one takes its step and does not answer in time${first}. It may be frozen, overloaded, or killed in the midst of it. Look at the workers (longtake doctor), and restart the one that hangs; where the log of one says that the step fails, that is why.`,
  };
}

async function wordsOf(failure: Failure, converter: LoadedDataConverter): Promise<string> {
  try {
    const error = await decodeOptionalFailureToOptionalError(converter, failure);
    return error === undefined ? '' : `The worker said: "${error.message.replace(/\.$/, '')}". `;
  } catch (error) {
    return `What the worker said cannot be read here: ${readingProblem(error)} `;
  }
}
