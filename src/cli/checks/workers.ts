import proto from '@temporalio/proto';
import type { Connection } from '@temporalio/client';
import { downloadTaskQueue } from '../../contract/names.js';
import type { Config } from '../../config.js';
import type { Finding } from './finding.js';
import { commandHere } from '../command-here.js';
import { ASKS_AGAIN_MS, describeTaskQueue, isAsking, seenAtMs, type Description } from './task-queue.js';
import { currentOf, routingOf, versionOf, type Version } from './routing.js';
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
  now = Date.now(),
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
    const deployment = { namespace, deploymentName: workerVersion?.deploymentName ?? taskQueue };
    const askDeployment = () =>
      connection.withDeadline(Date.now() + ANSWER_MS, () => currentOf(connection, deployment));
    const routing = await routingOf(runs, askDeployment);
    return [
      found('workers', { taskQueue, seenAgoMs: seenAgo(runs, now), waiting: 'runs' }),
      found('download workers', { taskQueue: downloads, seenAgoMs: seenAgo(videos, now), waiting: 'downloads' }),
      checkVersioning({
        namespace,
        mine: workerVersion,
        routing,
        lanes: [
          { taskQueue, versions: versionsAsking(runs, now) },
          { taskQueue: downloads, versions: versionsAsking(videos, now) },
        ],
      }),
    ];
  } catch {
    return [{ status: 'note', subject: 'workers', text: 'cannot be looked up here.' }];
  }
}

interface Pollers {
  readonly taskQueue: string;
  /** How long ago each worker asked for work; Temporal remembers those of the last five minutes. */
  readonly seenAgoMs: readonly number[];
  readonly waiting: string;
}

function seenAgo({ pollers }: Description, now: number): number[] {
  return pollers.map((poller) => now - seenAtMs(poller));
}

function versionsAsking({ pollers }: Description, now: number): Version[] {
  return pollers.filter((poller) => isAsking(now - seenAtMs(poller))).map(versionOf);
}

function found(subject: string, { taskQueue, seenAgoMs, waiting }: Pollers): Finding {
  const there = seenAgoMs.filter(isAsking).length;
  if (there > 0)
    return { status: 'ok', subject, text: `${there} seen in the last ${ASKS_AGAIN_MS / 1_000} s on ${taskQueue}` };
  const meanwhile = `${waiting} wait until a worker is there: ${commandHere('longtake worker')}`;
  if (seenAgoMs.length === 0) {
    return { status: 'note', subject, text: `nobody asks for work on ${taskQueue}: ${meanwhile}` };
  }
  const minutes = Math.max(1, Math.round(Math.min(...seenAgoMs) / 60_000));
  const stopped = seenAgoMs.length === 1 ? 'it may have stopped' : 'they may have stopped';
  return {
    status: 'note',
    subject,
    text: `${seenAgoMs.length} on ${taskQueue}, last seen ${minutes} min ago: ${stopped}. If so, ${meanwhile}`,
  };
}
