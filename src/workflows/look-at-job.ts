import { proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { InspectInput, Inspection } from '../activities/poll-video.js';
import { POLL } from './activity-options.js';
import { activityCause } from './failures.js';

const { inspectJob } = proxyLocalActivities<Pick<Activities, 'inspectJob'>>(POLL);

/** A look that does not come back says nothing about the job. */
export async function lookAt(job: InspectInput): Promise<Inspection> {
  try {
    return await inspectJob.executeWithOptions({ ...POLL, summary: `look at job ${job.jobId}` }, [job]);
  } catch (error) {
    if (activityCause(error) === null) throw error;
    return { adoptable: false, final: false, reason: 'the job could not be looked at' };
  }
}

/** Events of an earlier run under the same id may still come in: `no` if the job is another run's, `maybe` if it cannot be read. */
export async function isOfThisRun(jobId: string): Promise<'yes' | 'no' | 'maybe'> {
  const inspection = await lookAt({ jobId, kin: 'none' });
  if (inspection.adoptable) return 'yes';
  return inspection.final ? 'no' : 'maybe';
}
