import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { shellWord, taskQueueSetting } from '../contract/commands.js';
import type { Problem } from '../contract/failures.js';
import { downloadTaskQueue } from '../contract/names.js';
import { activityInWords } from './activity-words.js';
import { stuckStep } from './stuck-step.js';

type Raw = WorkflowExecutionDescription['raw'];
type PendingActivity = NonNullable<Raw['pendingActivities']>[number];

const { PendingActivityState, PendingWorkflowTaskState } = proto.temporal.api.enums.v1;

/** Those of the download lane. */
const DOWNLOADS: ReadonlySet<string> = new Set(['downloadVideo', 'discardDownload']);
/** Within this a worker takes what there is, unless all are busy; people and clocks of two machines get some more. */
const TAKEN_WITHIN_MS = 60_000;

/** Why nothing happens on an open run, as the server tells; `null` while it goes on. */
export async function standstill(
  client: Client,
  description: WorkflowExecutionDescription,
  nowMs = Date.now(),
): Promise<Problem | null> {
  const { raw } = description;
  const step = untakenStep(raw, nowMs) ?? (await stuckStep(client, description));
  return (
    step ?? firstOf(raw, (activity) => paused(raw, activity, client.options.namespace) ?? untaken(raw, activity, nowMs))
  );
}

/** Of several, the server tells in no order. */
function firstOf({ pendingActivities }: Raw, problemOf: (activity: PendingActivity) => Problem | null): Problem | null {
  return (pendingActivities ?? []).map(problemOf).find((problem) => problem !== null) ?? null;
}

function untakenStep(raw: Raw, nowMs: number): Problem | null {
  const { state, originalScheduledTime, scheduledTime } = raw.pendingWorkflowTask ?? {};
  if (state !== PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED) return null;
  const since = optionalTsToDate(originalScheduledTime) ?? optionalTsToDate(scheduledTime);
  return notTaken(raw, { what: 'next step of this run', queue: queueOf(raw), since, nowMs });
}

function untaken(raw: Raw, { state, scheduledTime, activityType }: PendingActivity, nowMs: number): Problem | null {
  if (state !== PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED) return null;
  const name = activityType?.name ?? '';
  const queue = DOWNLOADS.has(name) ? downloadTaskQueue(queueOf(raw)) : queueOf(raw);
  return notTaken(raw, { what: activityInWords(name), queue, since: optionalTsToDate(scheduledTime), nowMs });
}

interface Untaken {
  readonly what: string;
  readonly queue: string;
  readonly since: Date | undefined;
  readonly nowMs: number;
}

function notTaken(raw: Raw, { what, queue, since, nowMs }: Untaken): Problem | null {
  if (since === undefined || nowMs - since.getTime() < TAKEN_WITHIN_MS) return null;
  return {
    type: 'NoWorker',
    message: `No worker of task queue ${queue} has taken the ${what} since ${since.toISOString()}: none is there, or all are busy or frozen. See longtake doctor, or start one: ${taskQueueSetting(queueOf(raw))}longtake worker`,
  };
}

function queueOf({ executionConfig }: Raw): string {
  return executionConfig?.taskQueue?.name ?? '';
}

/** While it is, the server ends no attempt of it either, also of a worker that is dead. */
function paused(raw: Raw, activity: PendingActivity, namespace: string): Problem | null {
  if (activity.paused !== true) return null;
  const name = activity.activityType?.name ?? '';
  return {
    type: 'Paused',
    message: `Somebody has paused the activity ${name} in Temporal, and the run goes on when it is unpaused: ${unpauseCommand(raw, activity, namespace)}`,
  };
}

/** Without its flags that reset: what a submit has left behind is to be found by its next attempt. */
function unpauseCommand(raw: Raw, { activityId }: PendingActivity, namespace: string): string {
  const workflowId = raw.workflowExecutionInfo?.execution?.workflowId ?? '';
  const where = namespace === 'default' ? '' : ` --namespace ${shellWord(namespace)}`;
  return `temporal activity unpause${where} --activity-id ${shellWord(activityId ?? '')} --workflow-id=${shellWord(workflowId)}`;
}
