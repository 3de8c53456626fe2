import { Client, type Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { withUnreadMemos } from '../../client/unread-memos.js';
import type { Config } from '../../config.js';
import { taskQueueSetting } from '../../contract/commands.js';
import { WORKFLOW_TYPE } from '../../contract/names.js';
import { queryLiteral } from '../../worker/query-literal.js';
import { commandHere } from '../command-here.js';
import type { Finding } from './finding.js';
import { isWorkedOn } from './task-queue.js';

const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;
/** A name that was misspelt shows in the newest. */
const LOOKED_AT = 100;
const QUEUES = 5;
const ANSWER_MS = 5_000;

/** Open runs of other task queues that nobody works on, such as one whose name was misspelt at the start. */
export async function checkOtherQueues(
  connection: Connection,
  { temporal: { namespace }, taskQueue }: Pick<Config, 'temporal' | 'taskQueue'>,
): Promise<Finding[]> {
  const client = new Client({ connection, namespace });
  try {
    return await connection.withDeadline(Date.now() + ANSWER_MS, async () => {
      const queues = [...(await openRuns(client, taskQueue))].slice(0, QUEUES);
      const findings = queues.map(async ([name, ids]) =>
        (await isWorkedOn(connection, { namespace, name, type: TASK_QUEUE_TYPE_WORKFLOW })) ? [] : [waiting(name, ids)],
      );
      return (await Promise.all(findings)).flat();
    });
  } catch {
    return [];
  }
}

/** The ids of those that were looked at, by task queue. */
async function openRuns(client: Client, mine: string): Promise<Map<string, string[]>> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND TaskQueue != ${queryLiteral(mine)}`;
  const queues = new Map<string, string[]>();
  let seen = 0;
  for await (const { workflowId, taskQueue } of withUnreadMemos(client).list({ query, pageSize: LOOKED_AT })) {
    queues.set(taskQueue, [...(queues.get(taskQueue) ?? []), workflowId]);
    seen += 1;
    if (seen >= LOOKED_AT) break;
  }
  return queues;
}

function waiting(taskQueue: string, [first = '', ...others]: readonly string[]): Finding {
  const runs = others.length === 0 ? `run ${first} waits` : `run ${first} and ${others.length} more wait`;
  const command = `${taskQueueSetting(taskQueue)}${commandHere('longtake worker')}`;
  return {
    status: 'note',
    subject: 'other queues',
    text: `${runs} on task queue ${taskQueue}, where nobody asks for work. If that is no misspelt LONGTAKE_TASK_QUEUE: ${command}`,
  };
}
