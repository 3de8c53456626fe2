import type { WorkflowExecutionDescription, WorkflowExecutionStatusName } from '@temporalio/client';
import { adoptCommand } from '../contract/commands.js';
import { withCommand, type Problem } from '../contract/failures.js';
import { OUTPUT_MEMO, STATUS_MEMO } from '../contract/names.js';
import { videoStatus } from '../contract/schemas.js';
import type { VideoState, VideoStatus } from '../contract/types.js';

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
  /** A cancel has reached the run, which waits for something before it closes: a submit's answer, or the job's final cost. */
  readonly cancelRequested: boolean;
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

const NO_RECORD = 'What the run recorded in its memo is nothing that this release of longtake knows.';

/** The status that the run itself recorded at its last change of state. */
export function recordedStatus({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): VideoStatus {
  const parsed = videoStatus.safeParse(memo?.[STATUS_MEMO]);
  return parsed.success ? parsed.data : NOTHING_YET;
}

/** Why what a run recorded is no status, or `null`: nothing at all is one, that of a run that has just begun. */
export function recordProblem({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): string | null {
  const recorded = memo?.[STATUS_MEMO];
  return recorded === undefined || videoStatus.safeParse(recorded).success ? null : NO_RECORD;
}

const CLOSED_AS: Readonly<Partial<Record<WorkflowExecutionStatusName, VideoState>>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'failed',
  TIMED_OUT: 'failed',
};

/** The state that Temporal's own status implies, or `null` while the run goes on. */
export function impliedState(status: WorkflowExecutionStatusName): VideoState | null {
  return CLOSED_AS[status] ?? null;
}

/** The status of a run that is closed: as recorded, unless Temporal closed it without asking the run. */
export function closedStatus(
  description: Pick<WorkflowExecutionDescription, 'memo' | 'closeTime'> & {
    readonly status: Pick<WorkflowExecutionDescription['status'], 'name'>;
  },
): VideoStatus {
  const recorded = recordedStatus(description);
  const { name } = description.status;
  const closed = { nextPollAt: null, completedAt: description.closeTime?.toISOString() ?? null };
  const error = closedByServer(name, recorded, recordedOutput(description));
  if (error !== null) {
    return {
      ...recorded,
      ...closed,
      state: 'failed',
      error: recorded.error?.type === error.type ? recorded.error : error,
    };
  }
  const state = impliedState(name) ?? recorded.state;
  // Without the server's own request for a cancel, which it can refuse, a cancelled run ends Failed.
  if (state === 'failed' && recorded.state === 'cancelled') return { ...recorded, state };
  // Every run records its end, so that what says otherwise is no record of longtake.
  return recorded.state === state ? recorded : { ...recorded, ...closed, state, error: endWithoutRecord(state) };
}

function endWithoutRecord(state: VideoState): Problem | null {
  if (state === 'succeeded') return null;
  return { type: state === 'cancelled' ? 'Cancelled' : 'Unexpected', message: NO_RECORD };
}

function closedByServer(status: string, last: VideoStatus, output: string | null): Problem | null {
  if (status === 'TERMINATED') {
    return { type: 'Terminated', message: abandoned('The run was terminated in Temporal', last, output) };
  }
  if (status === 'TIMED_OUT') {
    return {
      type: 'Unexpected',
      message: abandoned('Temporal closed the run because it passed its execution timeout', last, output),
    };
  }
  return null;
}

const IN_DOUBT: Readonly<Partial<Record<VideoState, string>>> = {
  submitting: 'while it was submitting',
  awaiting_decision: 'while it awaited a decision on its submit',
};

/** The run had no say, so the job it had, or may have had, is named here. */
function abandoned(what: string, { state, jobId, error }: VideoStatus, output: string | null): string {
  if (jobId !== null) return withCommand(`${what}. Job ${jobId} may still be billed.`, adoptCommand(jobId, output));
  const when = IN_DOUBT[state];
  if (when === undefined) return `${what}. A job that was submitted may still be billed.`;
  const doubt = `${what} ${when}: a job may exist at the provider and be billed.`;
  const said = error === null ? '' : ` It said: ${error.message}`;
  return `${doubt}${said} Before you start another run, look at the provider's activity page. If the job is there: ${adoptCommand('JOB_ID', output)}`;
}

/** The key under which the run would have saved its video. */
export function recordedOutput({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): string | null {
  const output = memo?.[OUTPUT_MEMO];
  return typeof output === 'string' ? output : null;
}
