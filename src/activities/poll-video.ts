import { activityInfo } from '@temporalio/activity';
import { askedToWait } from '../contract/asked-to-wait.js';
import type { Job, PollAnswer } from '../openrouter/answers.js';
import type { ActivityDeps, RunRef } from './deps.js';

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
      /** Another run has it that submitted nothing, so that it may have come of this one all the same. */
      readonly savedBy?: string;
    }
) & {
  /** The provider's `Retry-After`; workers of earlier builds do not say it. */
  readonly retryAfterMs?: number | null;
};

export interface InspectInput extends JobRef {
  /**
   * Whose jobs are this run's to adopt as well: those of any run under its workflow id, where a person says so or a reset
   * made it, or nobody's. Default `id`.
   */
  readonly kin?: 'id' | 'none';
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
    const own = activityInfo().workflowExecution;
    const isOwn = ({ workflowId, runId }: RunRef) =>
      kin === 'id' ? workflowId === own?.workflowId : runId === own?.runId;
    const others = (await temporal.ownersOf(jobId)).filter((run) => !isOwn(run));
    if (others.length > 0) {
      const ids = others.map(({ workflowId }) => workflowId).join(', ');
      return {
        adoptable: false,
        reason: `Job ${jobId} belongs to the run ${ids}; this run goes on waiting for its own.`,
        ...(others.some(({ hasSubmitted }) => hasSubmitted) ? { final: true } : { final: false, savedBy: ids }),
      };
    }
    return { adoptable: true, job: answer.job, retryAfterMs };
  };
}
