import { Connection, type Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { isWorkedOn } from './checks/task-queue.js';

const ANSWER_MS = 5_000;

/** The task queue of the run where no worker takes its steps; `null` where one does, and where that cannot be known. */
export async function queueWithoutWorker(temporal: Client, workflowId: string): Promise<string | null> {
  const { connection } = temporal;
  const { namespace } = temporal.options;
  if (!(connection instanceof Connection)) return null;
  try {
    return await connection.withDeadline(Date.now() + ANSWER_MS, async () => {
      const { executionConfig } = await connection.workflowService.describeWorkflowExecution({
        namespace,
        execution: { workflowId },
      });
      const name = executionConfig?.taskQueue?.name ?? '';
      const type = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW;
      return (await isWorkedOn(connection, { namespace, name, type })) ? null : name;
    });
  } catch {
    return null;
  }
}
