import { randomUUID } from 'node:crypto';
import { temporal as proto } from '@temporalio/proto';
import { expect } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { RESOLVE_SUBMISSION_UPDATE } from '../../src/contract/names.js';
import type { ResolveSubmission, VideoStatus } from '../../src/contract/types.js';
import type { Rig } from './rig.js';

const { UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED: ADMITTED } =
  proto.api.enums.v1.UpdateWorkflowExecutionLifecycleStage;

export interface Said {
  /** Resolves to what the person was told. */
  readonly told: Promise<VideoStatus | string>;
}

/** Answers the question of a run, and resolves when the server has it, also while no worker is there. */
export async function say(
  { temporal }: Rig,
  { workflowId }: LongtakeHandle,
  decision: ResolveSubmission,
): Promise<Said> {
  const updateId = randomUUID();
  const run = temporal.workflow.getHandle(workflowId);
  const told = run
    .executeUpdate<VideoStatus, [ResolveSubmission]>(RESOLVE_SUBMISSION_UPDATE, { args: [decision], updateId })
    .catch((error: unknown) => ((error as Error).cause as Error).message);
  const updateRef = { workflowExecution: { workflowId }, updateId };
  const isThere = (): Promise<boolean> =>
    temporal.workflowService
      .pollWorkflowExecutionUpdate({ namespace: 'default', updateRef, waitPolicy: { lifecycleStage: ADMITTED } })
      .then(
        () => true,
        () => false,
      );
  await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
  return { told };
}
