import { activityInfo } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { RunRef, TemporalPort } from '../activities/deps.js';
import { PROVIDER_EVENT_SIGNAL } from '../contract/names.js';
import { queryLiteral } from './query-literal.js';

const ACKNOWLEDGE_MS = 10_000;

/**
 * What activities may ask of Temporal. `client` must have a connection of its own: the worker's ends calls together with
 * the activity, and a mark or a paid job must reach the server also when the activity is being cancelled.
 */
export function createTemporalPort(client: Client, searchAttributes: boolean): TemporalPort {
  return {
    async acknowledge(details) {
      const { taskToken } = activityInfo();
      await client.withDeadline(Date.now() + ACKNOWLEDGE_MS, () => client.activity.heartbeat(taskToken, details));
    },
    async cancelRun({ workflowId, runId }: RunRef) {
      await client.workflow.getHandle(workflowId, runId).cancel();
    },
    async reportLateJob({ workflowId, runId }, job) {
      const run = client.workflow.getHandle(workflowId, runId);
      try {
        await client.withDeadline(Date.now() + ACKNOWLEDGE_MS, () => run.signal(PROVIDER_EVENT_SIGNAL, job));
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    async followersOf(jobId) {
      if (!searchAttributes) return [];
      const query = `LongtakeJobId = ${queryLiteral(jobId)} AND ExecutionStatus = 'Running'`;
      const followers: string[] = [];
      for await (const run of client.workflow.list({ query })) {
        followers.push(run.workflowId);
        if (followers.length === 3) break;
      }
      return followers;
    },
  };
}
