import proto from '@temporalio/proto';
import type { Connection } from '@temporalio/client';
import { downloadTaskQueue } from '../../contract/names.js';
import type { Config } from '../../config.js';
import type { Finding } from './finding.js';
import { commandHere } from '../command-here.js';
import { describeTaskQueue } from './task-queue.js';
import { checkVersioning } from './versioning.js';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const ANSWER_MS = 5_000;

/**
 * Whether anybody takes work, which is never a failure (the first worker is started after the first look), and whether
 * Temporal gives them any.
 */
export async function checkWorkers(
  connection: Connection,
  { temporal: { namespace }, taskQueue, workerVersion }: Pick<Config, 'temporal' | 'taskQueue' | 'workerVersion'>,
): Promise<Finding[]> {
  const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = TaskQueueType;
  const look = (name: string, type: proto.temporal.api.enums.v1.TaskQueueType) =>
    connection.withDeadline(Date.now() + ANSWER_MS, () => describeTaskQueue(connection, { namespace, name, type }));
  const downloads = downloadTaskQueue(taskQueue);
  try {
    const [runs, videos] = await Promise.all([
      look(taskQueue, TASK_QUEUE_TYPE_WORKFLOW),
      look(downloads, TASK_QUEUE_TYPE_ACTIVITY),
    ]);
    return [
      found('workers', { taskQueue, count: runs.pollers.length, waiting: 'runs' }),
      found('download workers', { taskQueue: downloads, count: videos.pollers.length, waiting: 'downloads' }),
      checkVersioning(workerVersion, { found: runs, namespace, taskQueue }),
    ];
  } catch {
    return [{ status: 'note', subject: 'workers', text: 'cannot be looked up here.' }];
  }
}

interface Pollers {
  readonly taskQueue: string;
  /** Temporal remembers who asked for work within the last five minutes. */
  readonly count: number;
  readonly waiting: string;
}

function found(subject: string, { taskQueue, count, waiting }: Pollers): Finding {
  if (count > 0) return { status: 'ok', subject, text: `${count} on ${taskQueue} in the last five minutes` };
  return {
    status: 'note',
    subject,
    text: `nobody asks for work on ${taskQueue}: ${waiting} wait until a worker is there: ${commandHere('longtake worker')}`,
  };
}
