import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { ProblemType } from '../contract/failures.js';
import type { PollAnswer } from '../openrouter/answers.js';
import type { SubmitOutcome } from './submits.js';
import type { VideoRun } from './video-run.js';

/** `job`: the provider told about the job, whatever it told. */
export type PollOutcome = PollAnswer['outcome'];

/** One run in the ledger. It has no prompt and no address, so it may be kept for as long as books are. */
export interface LedgerEntry {
  /** `succeeded`, `cancelled`, or the failure's type. */
  readonly end: 'succeeded' | 'cancelled' | ProblemType;
  readonly model: string | null;
  readonly jobId: string | null;
  /** The job was there before the run: its cost may be in another run's entry as well, under the same job id. */
  readonly adopted: boolean;
  readonly submits: readonly SubmitOutcome[];
  /** What the provider billed; `null` where it did not say. */
  readonly costUsd: number | null;
  readonly estimatedCostUsd: number | null;
  readonly polls: number;
  readonly files: number;
  readonly bytes: number;
  readonly submittedAt: string | null;
  readonly completedAt: string | null;
}

/** Where a run's records go: the worker process. Sinks make no commands, so that histories stay as they are. */
export interface LedgerSinks extends Sinks {
  readonly ledger: {
    /** `number`: the run's first, second, … */
    submitted(number: number, outcome: SubmitOutcome): void;
    /** `lagMs`: how much later than planned the poll was made. */
    polled(outcome: PollOutcome, lagMs: number): void;
    ended(entry: LedgerEntry): void;
  };
}

const { ledger } = proxySinks<LedgerSinks>();

/** `outcome`: another than its answer proves, where a job has turned up meanwhile. */
export function recordSubmit(run: VideoRun, proven: SubmitOutcome, outcome = proven): void {
  ledger.submitted(run.submits.add(proven, outcome), outcome);
}

export function recordPoll(outcome: PollOutcome, lagMs: number): void {
  ledger.polled(outcome, lagMs);
}

/** The last thing that a run does. See docs/decisions/0012-ledger.md. */
export function recordEnd(run: VideoRun, model: string | null = run.model): void {
  const { state, error, jobId, costUsd, estimatedCostUsd, polls, assets, submittedAt, completedAt } = run.status;
  ledger.ended({
    end: state === 'succeeded' || state === 'cancelled' ? state : ((error?.type ?? 'Unexpected') as ProblemType),
    model,
    jobId,
    adopted: run.adopts,
    submits: run.submits.outcomes,
    costUsd,
    estimatedCostUsd,
    polls,
    files: assets.length,
    bytes: assets.reduce((sum, asset) => sum + asset.bytes, 0),
    submittedAt,
    completedAt,
  });
}
