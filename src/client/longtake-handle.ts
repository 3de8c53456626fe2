import {
  isGrpcServiceError,
  ServiceError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { statusCommand } from '../contract/commands.js';
import { isFailureType, type Problem } from '../contract/failures.js';
import { inPlainWords } from '../contract/issue-words.js';
import { CANCEL_SIGNAL, RESOLVE_SUBMISSION_UPDATE } from '../contract/names.js';
import { describeIssues, generateVideoResult, resolveSubmission } from '../contract/schemas.js';
import type { GenerateVideoResult, ResolveSubmission, VideoStatus } from '../contract/types.js';
import { askRun } from './ask-run.js';
import { LongtakeError } from './errors.js';
import { isCancelRequested } from './cancel-requested.js';
import { pendingWork } from './pending-work.js';
import { closedSignal } from './closed-signal.js';
import { closedStatus, recordedStatus, type RunStatus } from './run-status.js';
import { translated } from './temporal-errors.js';

export interface FollowOptions {
  /** Time between two looks, in milliseconds. Default 1,000. */
  readonly intervalMs?: number;
  /** Ends the iteration; the run goes on. */
  readonly signal?: AbortSignal;
}

const QUERY_MS = 5_000;
const FOLLOW_EVERY_MS = 1_000;

/** One run. All calls work from any process; `status` and `result` of a closed run need no worker. */
export class LongtakeHandle {
  constructor(
    private readonly client: Client,
    readonly workflowId: string,
    private readonly address: string | null,
  ) {}

  /** @throws LongtakeError `NotFound`, `TemporalUnreachable` */
  async status(): Promise<RunStatus> {
    return await this.ask(async (handle) => {
      const description = await handle.describe();
      const identity = { workflowId: this.workflowId, runId: description.runId };
      if (description.status.name !== 'RUNNING') {
        return { ...closedStatus(description), ...identity, transfer: null, cancelRequested: false };
      }
      const [status, pending] = await Promise.all([
        this.runningStatus(description),
        pendingWork(this.client, description),
      ]);
      return {
        ...{ ...status, ...identity, error: newest(pending.problem, status.error), transfer: pending.transfer },
        cancelRequested: isCancelRequested(description.raw),
      };
    });
  }

  /**
   * Waits for the end, however long. Where a run was reset in Temporal, that is the end of the run in its place.
   * @throws LongtakeError with the failure type of the contract, `Cancelled`, `Terminated` or `TimedOut`
   */
  async result(): Promise<GenerateVideoResult> {
    return await this.ask(async (handle) => {
      let asked: string | undefined;
      for (;;) {
        try {
          return generateVideoResult.parse(await this.client.workflow.getHandle(this.workflowId, asked).result());
        } catch (error) {
          if (!(error instanceof WorkflowFailedError)) throw error;
          const newest = await handle.describe();
          if (newest.runId === asked) throw failureOf(newest, error);
          asked = newest.runId;
        }
      }
    });
  }

  /** Sends the `cancel` signal. The provider cannot cancel: a job that was submitted may still be billed. */
  async cancel(reason?: string): Promise<void> {
    await this.ask(async (handle) => {
      try {
        await handle.signal(CANCEL_SIGNAL, ...(reason === undefined ? [] : [{ reason }]));
      } catch (error) {
        if (!isSignalRefused(error)) throw error;
        await handle.cancel(); // does the same, and has no room for a reason
      }
    });
  }

  /**
   * Answers a run in state `awaiting_decision`.
   * @throws LongtakeError `InvalidRequest` (malformed), `UpdateRefused` (nothing waits, the job cannot be adopted, or the
   * run's step fails on its worker)
   */
  async resolveSubmission(decision: ResolveSubmission): Promise<VideoStatus> {
    const parsed = resolveSubmission.safeParse(decision, { error: inPlainWords });
    if (!parsed.success) throw new LongtakeError('InvalidRequest', describeIssues(parsed.error), this);
    return await this.ask(async (handle) => {
      try {
        return await handle.executeUpdate<VideoStatus, [ResolveSubmission]>(RESOLVE_SUBMISSION_UPDATE, {
          args: [parsed.data],
        });
      } catch (error) {
        const message = refusalOf(error, this.workflowId);
        if (message === null) throw error;
        throw new LongtakeError('UpdateRefused', message, { workflowId: this.workflowId, cause: error });
      }
    });
  }

  /** The run's status now and whenever it changes, until it is closed. Lost connections are waited out. */
  async *follow({ intervalMs = FOLLOW_EVERY_MS, signal }: FollowOptions = {}): AsyncGenerator<RunStatus, void, void> {
    let shown: string | null = null;
    const left = new AbortController();
    let closed: AbortSignal | undefined = closedSignal(this.client, this.workflowId, left.signal);
    try {
      while (signal?.aborted !== true) {
        const status = await this.statusIfReachable();
        if (status !== null) {
          const text = JSON.stringify(status);
          if (text !== shown) yield status;
          shown = text;
          if (isClosed(status)) return;
        }
        await pause(intervalMs, signal, closed);
        if (closed?.aborted === true) closed = undefined; // it shortens one pause, whatever the next look finds
      }
    } finally {
      left.abort();
    }
  }

  private async statusIfReachable(): Promise<RunStatus | null> {
    try {
      return await this.status();
    } catch (error) {
      if (error instanceof LongtakeError && error.type === 'TemporalUnreachable') return null;
      throw error;
    }
  }

  /** Asks the run itself; where no worker answers, what it recorded last. */
  private async runningStatus(description: WorkflowExecutionDescription): Promise<VideoStatus> {
    return (await askRun(this.client, { id: this.workflowId }, QUERY_MS)) ?? recordedStatus(description);
  }

  private async ask<T>(call: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    try {
      return await call(this.client.workflow.getHandle(this.workflowId));
    } catch (error) {
      throw translated(error, this.workflowId, this.address);
    }
  }
}

function failureOf(description: WorkflowExecutionDescription, error: WorkflowFailedError): LongtakeError {
  const { cause } = error;
  const { jobId, error: recorded } = closedStatus(description);
  const context = { workflowId: description.workflowId, runId: description.runId, jobId, cause: error };
  if (cause instanceof ApplicationFailure && isFailureType(cause.type)) {
    return new LongtakeError(cause.type, cause.message, context);
  }
  if (cause instanceof CancelledFailure) {
    return new LongtakeError('Cancelled', recorded?.message ?? 'The run was cancelled.', context);
  }
  const message = recorded?.message ?? cause?.message ?? error.message;
  if (cause instanceof TerminatedFailure) return new LongtakeError('Terminated', message, context);
  if (cause instanceof TimeoutFailure) return new LongtakeError('TimedOut', message, context);
  return new LongtakeError('Unexpected', message, context);
}

/** gRPC INVALID_ARGUMENT: the run's history has all the signals that the server lets one have. */
const NO_MORE_SIGNALS = 3;

function isSignalRefused(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && (cause.code as number) === NO_MORE_SIGNALS;
}

/** gRPC FAILED_PRECONDITION: the run's workflow task fails, or times out, again and again, and the server takes no update meanwhile. */
const STEP_FAILS = 9;

/** Why an answer was not taken, or `null` where that is not what `error` says. */
function refusalOf(error: unknown, workflowId: string): string | null {
  if (error instanceof WorkflowUpdateFailedError) {
    return error.cause instanceof Error ? error.cause.message : error.message;
  }
  const cause = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(cause) || (cause.code as number) !== STEP_FAILS) return null;
  return `The answer was not taken, since no worker gets on with the run (Temporal says: ${cause.details}). Say it again once that is mended. To see why: ${statusCommand(workflowId)}`;
}

/** What nobody takes, or fails again and again, keeps the run from saying anything new: what it said last, perhaps a question, is still to be known. */
function newest(pending: Problem | null, said: VideoStatus['error']): VideoStatus['error'] {
  if (pending === null || said === null || isFailureType(pending.type)) return pending ?? said;
  return { ...pending, message: `${sentence(pending.message)} Before that: ${said.message}` };
}

/** A command at the end has no full stop. */
function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}

export function isClosed({ state }: Pick<VideoStatus, 'state'>): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Until the time is over or one of the signals comes. */
async function pause(ms: number, ...signals: (AbortSignal | undefined)[]): Promise<void> {
  if (signals.some((signal) => signal?.aborted)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const signal of signals) signal?.addEventListener('abort', done);
  });
}
