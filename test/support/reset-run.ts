import { randomUUID } from 'node:crypto';
import type { LongtakeHandle } from '../../src/client/index.js';
import type { Rig } from './rig.js';

/** The workflow tasks that a run may be reset to, from the first on. */
export async function completedTasks({ temporal }: Rig, { workflowId }: LongtakeHandle) {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const completed = (events ?? []).filter(
    ({ workflowTaskCompletedEventAttributes: it }) => it !== null && it !== undefined,
  );
  return completed.map(({ eventId }) => eventId);
}

type TaskId = Awaited<ReturnType<typeof completedTasks>>[number];

/** Temporal’s UI has a Reset button on every run. */
export async function resetTo({ temporal }: Rig, { workflowId }: LongtakeHandle, task: TaskId): Promise<void> {
  const { runId } = await temporal.workflow.getHandle(workflowId).describe();
  await temporal.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: task ?? null,
    reason: 'somebody pressed the button',
    requestId: randomUUID(),
  });
}
