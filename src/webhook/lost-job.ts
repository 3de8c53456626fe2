import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { closedStatus, recordedOutput } from '../client/run-status.js';
import { readMemo, withUnreadMemos } from '../client/unread-memos.js';
import { adoptCommand } from '../contract/commands.js';
import { LIMITS } from '../contract/limits.js';
import { WORKFLOW_TYPE } from '../contract/names.js';
import type { VideoStatus } from '../contract/types.js';

/** How to save a job whose run has ended without a word of it; `null` where the end names it, or there is no such run. */
export type AdoptLostJob = (workflowId: string, jobId: string) => Promise<string | null>;

export function createAdoptLostJob(client: Client): AdoptLostJob {
  const runs = withUnreadMemos(client);
  return async (workflowId, jobId) => {
    try {
      const description = await client.withDeadline(Date.now() + LIMITS.webhookSignalMs, () =>
        runs.getHandle(workflowId).describe(),
      );
      if (description.type !== WORKFLOW_TYPE || description.status.name === 'RUNNING') return null;
      const info = description.raw.workflowExecutionInfo ?? {};
      const { memo } = await readMemo(info, client.options.loadedDataConverter);
      const end = { ...description, memo };
      return isNamed(jobId, closedStatus(end)) ? null : adoptCommand(jobId, recordedOutput(end));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  };
}

function isNamed(named: string, { jobId, error, warnings }: VideoStatus): boolean {
  return jobId === named || [error?.message ?? '', ...warnings].some((text) => text.includes(named));
}
