import { trialOf } from './trial-models.js';

export type Ending = 'completed' | 'failed' | 'cancelled' | 'expired' | 'dead';
export type JobStatus = 'pending' | 'in_progress' | Ending;

/** One accepted job, as the journal keeps it. All that is ever said about it follows from this and the clock. */
export interface Job {
  readonly id: string;
  readonly generationId: string;
  readonly model: string;
  /** The request body as it came. */
  readonly request: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly generationMs: number;
  /** What `usage.cost` says once the job is completed; `null`: the model has no price. */
  readonly costUsd: number | null;
  readonly video: { readonly seconds: number; readonly width: number; readonly height: number };
}

/** The first part of its time a job is only queued. */
const PENDING_SHARE = 0.2;

export function statusOf(job: Job, nowMs: number): JobStatus {
  const ageMs = nowMs - Date.parse(job.createdAt);
  const ending = trialOf(job.model).ending ?? 'completed';
  if (ageMs < job.generationMs * PENDING_SHARE) return 'pending';
  if (ageMs < job.generationMs || ending === 'never') return 'in_progress';
  return ending;
}

/** When the job reaches its end, in Unix milliseconds; `null`: never. */
export function endOf(job: Job): number | null {
  return trialOf(job.model).ending === 'never' ? null : Date.parse(job.createdAt) + job.generationMs;
}

export function outputsOf(job: Job): number {
  return trialOf(job.model).outputs ?? 1;
}
