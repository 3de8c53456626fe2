import proto from '@temporalio/proto';
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { RunRef } from '../activities/deps.js';

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

const { WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW } = proto.temporal.api.enums.v1.WorkflowTaskFailedCause;

/**
 * Whether no reset made this run, or somebody has answered it since. An answer that the reset itself carried over, which
 * Temporal does by an event of its own ("admitted"), was given to the run before.
 */
export function mayPayAfter(events: readonly HistoryEvent[]): boolean {
  const resetAt = events.findLastIndex(
    ({ workflowTaskFailedEventAttributes: it }) => it?.cause === WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
  );
  if (resetAt === -1) return true;
  const since = events.slice(resetAt);
  const carriedOver = new Set(
    since.map(({ workflowExecutionUpdateAdmittedEventAttributes: it }) => it?.request?.meta?.updateId),
  );
  return since.some(({ workflowExecutionUpdateAcceptedEventAttributes: it }) => {
    const id = it?.protocolInstanceId;
    return typeof id === 'string' && !carriedOver.has(id);
  });
}

/** The run that a reset has put in the place of this one, or `null`: another start of the same id is a run of its own. */
export async function resetRunOf(client: Client, { workflowId, runId }: RunRef): Promise<WorkflowHandle | null> {
  try {
    const [before, current] = await Promise.all([
      client.workflow.getHandle(workflowId, runId).describe(),
      client.workflow.getHandle(workflowId).describe(),
    ]);
    const isSuccessor =
      current.runId !== runId && current.status.name === 'RUNNING' && firstOf(current) === firstOf(before);
    return isSuccessor ? client.workflow.getHandle(workflowId, current.runId) : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

type Description = Awaited<ReturnType<WorkflowHandle['describe']>>;

function firstOf({ raw }: Description): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}
