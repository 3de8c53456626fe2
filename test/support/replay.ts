import { Worker } from '@temporalio/worker';
import { WORKFLOW_BUNDLE } from './rig.js';

/** Rejects where the workflow of this checkout does not go the way of the history. */
export async function replay(workflowId: string, history: unknown): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: { codePath: WORKFLOW_BUNDLE } }, history, workflowId);
}
