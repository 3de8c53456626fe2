import { activityInfo } from '@temporalio/activity';
import type { ActivityDeps } from './deps.js';

export function createEarlierJobs({ temporal }: Pick<ActivityDeps, 'temporal'>) {
  /** Jobs of all runs under this workflow id: what the run before Temporal's Reset paid for since is in its history only. */
  return async function earlierJobs(): Promise<readonly string[]> {
    const workflowId = activityInfo().workflowExecution?.workflowId;
    return workflowId === undefined ? [] : await temporal.jobsOf(workflowId);
  };
}
