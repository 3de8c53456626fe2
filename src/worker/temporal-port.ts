import { activityInfo } from '@temporalio/activity';
import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type Client,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { AttemptOver, type RunRef, type TemporalPort } from '../activities/deps.js';
import { PROVIDER_EVENT_SIGNAL } from '../contract/names.js';
import { queryLiteral } from './query-literal.js';

const ACKNOWLEDGE_MS = 10_000;
const OVER = [ActivityNotFoundError, ActivityCancelledError, ActivityPausedError, ActivityResetError];

/**
 * What activities may ask of Temporal. `client` must have a connection of its own: the worker's ends calls together with
 * the activity, and a mark or a paid job must reach the server also when the activity is being cancelled.
 */
export function createTemporalPort(
  client: Client,
  { taskQueue, searchAttributes }: { readonly taskQueue: string; readonly searchAttributes: boolean },
): TemporalPort {
  return {
    async acknowledge(details) {
      const { taskToken } = activityInfo();
      try {
        await client.withDeadline(Date.now() + ACKNOWLEDGE_MS, () => client.activity.heartbeat(taskToken, details));
      } catch (error) {
        if (!OVER.some((kind) => error instanceof kind)) throw error;
        throw new AttemptOver('the server does not count on this attempt', { cause: error });
      }
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
    async ownersOf(jobId) {
      if (!searchAttributes) return [];
      const owners = new Set<string>();
      const query = `LongtakeJobId = ${queryLiteral(jobId)} AND TaskQueue = ${queryLiteral(taskQueue)}`;
      for await (const run of client.workflow.list({ query })) {
        owners.add(run.workflowId);
        if (owners.size === 3) break;
      }
      return [...owners];
    },
  };
}
