import type { ProblemType } from '../contract/failures.js';

/** What `LongtakeError.type` may be: the contract's failure types, and what happens on this side of Temporal. */
export type LongtakeErrorType =
  | ProblemType
  | 'TimedOut'
  | 'NotFound'
  | 'RunClosed'
  | 'StartUnknown'
  | 'TemporalUnreachable'
  | 'UpdateRefused'
  | 'Undecryptable';

/**
 * Every error of the client. Match on `type`, which is stable; `message` says what to do.
 * `jobId` names the provider's job where one is known.
 */
export class LongtakeError extends Error {
  override readonly name = 'LongtakeError';
  readonly workflowId: string | null;
  readonly runId: string | null;
  readonly jobId: string | null;

  constructor(
    readonly type: LongtakeErrorType,
    message: string,
    context: {
      readonly workflowId?: string | null;
      readonly runId?: string | null;
      readonly jobId?: string | null;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: context.cause });
    this.workflowId = context.workflowId ?? null;
    this.runId = context.runId ?? null;
    this.jobId = context.jobId ?? null;
  }
}
