import proto from '@temporalio/proto';
import type { Connection } from '@temporalio/client';

export type Description = proto.temporal.api.workflowservice.v1.DescribeTaskQueueResponse;
type TaskQueueType = proto.temporal.api.enums.v1.TaskQueueType;

const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

interface TaskQueue {
  readonly namespace: string;
  readonly name: string;
  readonly type: TaskQueueType;
}

/**
 * What Temporal knows of a task queue, with the pollers of all its partitions: a cluster has four where the dev server has
 * one, and a worker with little to do may ask at one of them only.
 */
export async function describeTaskQueue(connection: Connection, queue: TaskQueue): Promise<Description> {
  const describe = (name: string) =>
    connection.workflowService.describeTaskQueue({
      namespace: queue.namespace,
      taskQueue: { name },
      taskQueueType: queue.type,
    });
  const [whole, ...parts] = await Promise.all([
    describe(queue.name),
    ...(await furtherPartitions(connection, queue)).map(describe),
  ]);
  const pollers = [whole, ...parts].flatMap((part) => part.pollers);
  // Of the same worker at several partitions the newest look stays.
  const inOrder = pollers.sort((one, other) => seenAtMs(one) - seenAtMs(other));
  whole.pollers = [...new Map(inOrder.map((poller) => [poller.identity, poller])).values()];
  return whole;
}

/** A worker asks again within a minute, also where there is nothing to do. */
export const ASKS_AGAIN_MS = 70_000;

export function isAsking(seenAgoMs: number): boolean {
  return seenAgoMs <= ASKS_AGAIN_MS;
}

/** Whether anybody asks for its work. */
export async function isWorkedOn(connection: Connection, queue: TaskQueue): Promise<boolean> {
  const { pollers } = await describeTaskQueue(connection, queue);
  return pollers.some((poller) => isAsking(Date.now() - seenAtMs(poller)));
}

/** When a worker last asked for work, by the server's clock, to the second. */
export function seenAtMs({ lastAccessTime }: Description['pollers'][number]): number {
  return Number(lastAccessTime?.seconds ?? 0) * 1_000;
}

/** Without the one that has the name of the task queue; none where the cluster does not tell. */
async function furtherPartitions(connection: Connection, { namespace, name, type }: TaskQueue): Promise<string[]> {
  try {
    const answer = await connection.workflowService.listTaskQueuePartitions({ namespace, taskQueue: { name } });
    const { workflowTaskQueuePartitions, activityTaskQueuePartitions } = answer;
    const partitions = type === TASK_QUEUE_TYPE_WORKFLOW ? workflowTaskQueuePartitions : activityTaskQueuePartitions;
    return partitions.flatMap(({ key }) => (typeof key === 'string' && key !== name ? [key] : []));
  } catch {
    return [];
  }
}
