import proto from '@temporalio/proto';
import { type Client, type WorkflowClient, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { RunRef } from '../activities/deps.js';

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

const { WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW } = proto.temporal.api.enums.v1.WorkflowTaskFailedCause;

/**
 * Whether no reset made this run, or the answer that has its request sent was given to it since. An answer that a reset
 * carried over, which Temporal does by an event of its own ("admitted") that a further reset keeps, was given to a run before.
 * `answer` is the id of that update, or `null` without one; a run at a worker of an earlier build does not say, and any
 * answer since counts.
 */
export function mayPayAfter(events: readonly HistoryEvent[], answer: string | null | undefined): boolean {
  const resetAt = events.findLastIndex(
    ({ workflowTaskFailedEventAttributes: it }) => it?.cause === WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
  );
  if (resetAt === -1) return true;
  const carriedOver = new Set(
    events.map(({ workflowExecutionUpdateAdmittedEventAttributes: it }) => it?.request?.meta?.updateId),
  );
  return events.slice(resetAt).some(({ workflowExecutionUpdateAcceptedEventAttributes: it }) => {
    const id = it?.protocolInstanceId;
    return typeof id === 'string' && !carriedOver.has(id) && (answer === undefined || id === answer);
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

/**
 * The run in which a start began. All that Temporal itself makes of it (by a reset, a schedule, a retry, or as a run continues)
 * has the same, and another start of the same id has its own. `null`: the server does not have that run any more.
 */
export async function firstRunOf(
  workflow: WorkflowClient,
  { workflowId, runId }: RunRef,
): Promise<string | null | undefined> {
  try {
    return firstOf(await workflow.getHandle(workflowId, runId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

type Description = Awaited<ReturnType<WorkflowHandle['describe']>>;

function firstOf({ raw }: Description): string | null | undefined {
  return raw.workflowExecutionInfo?.firstRunId;
}
