import { activityInfo } from '@temporalio/activity';
import type { ActivityDeps } from './deps.js';

export function createEarlierJobs({ temporal }: Pick<ActivityDeps, 'temporal'>) {
  /**
   * Jobs of all runs of this one's start: what the run before Temporal's Reset paid for since is in its history only. `null`:
   * that could not be looked up; workers of earlier builds failed then.
   */
  return async function earlierJobs(): Promise<readonly string[] | null> {
    const run = activityInfo().workflowExecution;
    return run === undefined ? [] : await temporal.jobsOf(run).catch(() => null);
  };
}
