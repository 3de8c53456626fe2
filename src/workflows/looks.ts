import { CancellationScope, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { InspectInput, Inspection } from '../activities/poll-video.js';
import { LOOK, POLL } from './activity-options.js';
import { goesBy } from './changes.js';
import { oneAtATime } from './one-at-a-time.js';

type Looks = Pick<Activities, 'inspectJob' | 'earlierJobs'>;

const looks = proxyActivities<Looks>(LOOK);
const localLooks = proxyLocalActivities<Looks>(POLL);

/** Whether a job may be this run's. */
export function inspect(job: InspectInput): Promise<Inspection> {
  const summary = `look at job ${job.jobId}`;
  return look(
    () => looks.inspectJob.executeWithOptions({ ...LOOK, summary }, [job]),
    () => localLooks.inspectJob.executeWithOptions({ ...POLL, summary }, [job]),
  );
}

/** `null` where they could not be looked up. */
export function lookUpEarlierJobs(): Promise<readonly string[] | null> {
  const summary = 'jobs before the reset';
  return look(
    () => looks.earlierJobs.executeWithOptions({ ...LOOK, summary }, []),
    () => localLooks.earlierJobs.executeWithOptions({ ...POLL, summary }, []),
  );
}

/**
 * The history has the end of an activity in its place among signals and answers, and that of a local one only behind them: a
 * run that heard of several things in one workflow task was not replayed as it had gone (docs/decisions/0018-changes-at-the-start.md).
 * A look goes on in a cancelled run, whose end tells of the job.
 */
function look<T>(byActivity: () => Promise<T>, byLocalActivity: () => Promise<T>): Promise<T> {
  return goesBy('looks-by-activity') ? CancellationScope.nonCancellable(byActivity) : oneAtATime(byLocalActivity);
}
