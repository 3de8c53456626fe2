import { activityInfo } from '@temporalio/activity';
import { askedToWait } from '../contract/asked-to-wait.js';
import type { Job, PollAnswer } from '../openrouter/answers.js';
import { claimOn } from './claim-on-job.js';
import type { ActivityDeps, Owner, RunRef, TemporalPort } from './deps.js';

export interface JobRef {
  readonly jobId: string;
}

export function createPollVideo({ openRouter }: ActivityDeps) {
  /** One poll, one request. Trouble is an answer too: the schedule is its retry. A worker that stops waits for it: seconds. */
  return async function pollVideo({ jobId }: JobRef): Promise<PollAnswer> {
    return await openRouter.poll(jobId);
  };
}

/** Whether a job may be adopted: it exists, and it is no other run's, open or closed, as far as can be known. */
export type Inspection = (
  | { readonly adoptable: true; readonly job: Job }
  /** `final`: looking again cannot change it. */
  | {
      readonly adoptable: false;
      readonly reason: string;
      readonly final: boolean;
      /** The provider knows no such job, or not yet. */
      readonly isMissing?: boolean;
      /** What of it another run has, of which nothing proves that it submitted it: it may have come of this one all the same. */
      readonly holder?: string;
      /** The ids of such runs, as workers of earlier builds say. */
      readonly savedBy?: string;
    }
) & {
  /** The provider's `Retry-After`; workers of earlier builds do not say it. */
  readonly retryAfterMs?: number | null;
};

export interface InspectInput extends JobRef {
  /**
   * Whose jobs are this run's to adopt as well: those of any run under its workflow id, where a person says so, of any run of
   * its start, where a reset made it, or nobody's. Default `id`.
   */
  readonly kin?: 'id' | 'start' | 'none';
}

export function createInspectJob({ openRouter, temporal }: ActivityDeps) {
  return async function inspectJob({ jobId, kin = 'id' }: InspectInput): Promise<Inspection> {
    const answer = await openRouter.poll(jobId);
    const { retryAfterMs } = answer;
    const wait = askedToWait(retryAfterMs);
    if (answer.outcome === 'missing') {
      const reason = `The provider knows no job ${jobId}.${wait} Check the id; the run goes on waiting.`;
      return { adoptable: false, reason, final: false, isMissing: true, retryAfterMs };
    }
    if (answer.outcome !== 'job') {
      const reason = `Job ${jobId} could not be read: ${answer.message}${wait} Try again; the run goes on waiting.`;
      return { adoptable: false, reason, final: false, retryAfterMs };
    }
    const claim = claimOn(jobId, await otherOwners(temporal, jobId, kin));
    return claim === null ? { adoptable: true, job: answer.job, retryAfterMs } : { adoptable: false, ...claim };
  };
}

async function otherOwners(temporal: TemporalPort, jobId: string, kin: InspectInput['kin']): Promise<Owner[]> {
  const run = activityInfo().workflowExecution;
  const others: Owner[] = [];
  for (const owner of await temporal.ownersOf(jobId)) {
    if (run === undefined || !(await isOwn(temporal, run, owner, kin))) others.push(owner);
  }
  return others;
}

async function isOwn(temporal: TemporalPort, run: RunRef, owner: RunRef, kin: InspectInput['kin']): Promise<boolean> {
  if (owner.runId === run.runId) return true;
  if (kin === 'none' || owner.workflowId !== run.workflowId) return false;
  return kin === 'id' || (await temporal.isOfOneStart(run, owner));
}
