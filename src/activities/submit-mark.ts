import { activityInfo, heartbeat } from '@temporalio/activity';
import type { TemporalPort } from './deps.js';

/**
 * What the server holds about a submit while it runs. A worker that dies leaves its last mark behind, and the mark is
 * the proof: no `sending`, nothing was sent. See docs/decisions/0002-submit-mark.md.
 */
export interface SubmitMark {
  readonly sending: boolean;
  /** Set once the provider has answered with a job. */
  readonly job?: SubmittedJob;
}

export interface SubmittedJob {
  readonly jobId: string;
  readonly status: string;
  /** The provider's `Retry-After`, where it gave one: the first poll waits for it. */
  readonly retryAfterMs?: number;
}

/** That a run is wanted is true of the moment in which it was asked; a process can be held up for any time after it. */
const ANSWER_HOLDS_MS = 5_000;

/** What an earlier attempt left with the server, if anything. */
export function earlierMark(): SubmitMark | undefined {
  return activityInfo().heartbeatDetails as SubmitMark | undefined;
}

/**
 * Not before the server has acknowledged the mark may a byte leave. The run is told first: an operator who unpauses the
 * activity can have its heartbeat forgotten, but a signal stays in the history.
 */
export async function markSending(temporal: TemporalPort, attempt: string): Promise<void> {
  const sending: SubmitMark = { sending: true };
  let askedAt = performance.now();
  try {
    const run = activityInfo().workflowExecution;
    if (run !== undefined) {
      await temporal.announceSending(run, attempt);
      askedAt = performance.now();
      // Temporal runs an activity again by itself, and a cancel that it has accepted may not have got here.
      if (!(await temporal.isWanted(run))) throw new HeldBack('the run was cancelled, or its job has turned up');
    }
    // The mark comes last: an attempt that the server counts on no more sends nothing.
    await temporal.acknowledge(sending);
    if (performance.now() - askedAt > ANSWER_HOLDS_MS) {
      throw new HeldBack('the worker was held up, and the run may have been cancelled meanwhile');
    }
  } catch (error) {
    // The mark may have arrived although its acknowledgement did not: take it back, so that it raises no doubt.
    await unmark(temporal, attempt, null);
    throw error;
  }
}

/** Nothing may leave now; the message says why. */
export class HeldBack extends Error {
  override readonly name = 'HeldBack';
}

/**
 * Best effort: without it a later death, or a cancel, would raise a doubt that is not there, which costs a question, not
 * money. The run is told by the attempt's name, so that one on which the server counts no more takes back no other's word.
 */
export async function unmark(temporal: TemporalPort, attempt: string, retryAfterMs: number | null): Promise<void> {
  const cleared: SubmitMark = { sending: false };
  heartbeat(cleared);
  await temporal.acknowledge(cleared).catch(() => undefined);
  const run = activityInfo().workflowExecution;
  if (run !== undefined) await temporal.announceNoJob(run, attempt, retryAfterMs).catch(() => undefined);
}
