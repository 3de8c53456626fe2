import type { InspectInput, Inspection } from '../activities/poll-video.js';
import { goesBy } from './changes.js';
import { activityCause } from './failures.js';
import { inspect } from './looks.js';
import type { VideoRun } from './video-run.js';

export type Kin = 'start' | 'none';

/** A look that does not come back says nothing about the job, and while the provider asks for patience none is made. */
export async function lookAt(run: VideoRun, job: InspectInput): Promise<Inspection> {
  if (Date.now() < run.hinted.heldBackUntil(job.jobId)) {
    return { adoptable: false, final: false, reason: 'the provider asks to wait' };
  }
  try {
    const inspection = await inspect(job);
    run.hinted.holdBack(job.jobId, inspection.retryAfterMs);
    learnWhoHas(run, job.jobId, inspection);
    return inspection;
  } catch (error) {
    if (activityCause(error) === null) throw error;
    return { adoptable: false, final: false, reason: 'the job could not be looked at' };
  }
}

/** A look at what could not be read changes nothing of it. */
function learnWhoHas({ hinted }: VideoRun, jobId: string, inspection: Inspection): void {
  if (inspection.adoptable) {
    hinted.holders.delete(jobId);
    return;
  }
  const { reason, savedBy, holder = savedBy === undefined ? undefined : `the run ${savedBy} has it` } = inspection;
  if (holder !== undefined) hinted.holders.set(jobId, { holder, reason });
}

/** Whose jobs are this run's as well: after a reset those of the run before it. */
export function kinOf(run: VideoRun): Kin {
  return goesBy('knows-its-jobs-before-reset') && run.actsAsReset() ? 'start' : 'none';
}

/** Events of an earlier run under the same id may still come in: `no` if the job is another run's, `missing` if the provider knows none, `maybe` if it cannot be read. */
export async function isOfThisRun(run: VideoRun, jobId: string): Promise<'yes' | 'no' | 'missing' | 'maybe'> {
  const inspection = await lookAt(run, { jobId, kin: kinOf(run) });
  if (inspection.adoptable) return 'yes';
  if (inspection.isMissing === true) return 'missing';
  return inspection.final ? 'no' : 'maybe';
}
