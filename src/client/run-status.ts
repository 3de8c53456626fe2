import type { WorkflowExecutionDescription } from '@temporalio/client';
import { adoptCommand } from '../contract/commands.js';
import { withCommand, type Problem } from '../contract/failures.js';
import { STATUS_MEMO } from '../contract/names.js';
import { videoStatus } from '../contract/schemas.js';
import type { VideoStatus } from '../contract/types.js';

/** A transfer that is under way. `totalBytes` is `null` when the provider did not say. */
export interface Transfer {
  readonly bytes: number;
  readonly totalBytes: number | null;
}

/** `VideoStatus` of the workflow, together with what only the server knows: bytes so far, and what it is retrying. */
export interface RunStatus extends VideoStatus {
  readonly workflowId: string;
  readonly runId: string;
  /** The download under way, else `null`. */
  readonly transfer: Transfer | null;
}

const NOTHING_YET: VideoStatus = {
  state: 'validating',
  jobId: null,
  providerStatus: null,
  polls: 0,
  nextPollAt: null,
  submittedAt: null,
  completedAt: null,
  costUsd: null,
  estimatedCostUsd: null,
  assets: [],
  warnings: [],
  error: null,
};

/** The status that the run itself recorded at its last change of state. */
export function recordedStatus({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): VideoStatus {
  const parsed = videoStatus.safeParse(memo?.[STATUS_MEMO]);
  return parsed.success ? parsed.data : NOTHING_YET;
}

/** The status of a run that is closed: as recorded, unless Temporal closed it without asking the run. */
export function closedStatus(
  description: Pick<WorkflowExecutionDescription, 'memo' | 'closeTime'> & {
    readonly status: Pick<WorkflowExecutionDescription['status'], 'name'>;
  },
): VideoStatus {
  const recorded = recordedStatus(description);
  const error = closedByServer(description.status.name, recorded.jobId);
  if (error === null) return recorded;
  const completedAt = description.closeTime?.toISOString() ?? null;
  return {
    ...recorded,
    state: 'failed',
    nextPollAt: null,
    completedAt,
    error: recorded.error?.type === error.type ? recorded.error : error,
  };
}

function closedByServer(status: string, jobId: string | null): Problem | null {
  if (status === 'TERMINATED') {
    return { type: 'Terminated', message: abandoned('The run was terminated in Temporal.', jobId) };
  }
  if (status === 'TIMED_OUT') {
    return {
      type: 'Unexpected',
      message: abandoned('Temporal closed the run, because it passed its execution timeout.', jobId),
    };
  }
  return null;
}

/** The run had no say, so the job it had is named here. */
function abandoned(what: string, jobId: string | null): string {
  if (jobId === null) return `${what} A job that was submitted may still be billed.`;
  return withCommand(`${what} Job ${jobId} may still be billed.`, adoptCommand(jobId, null));
}
