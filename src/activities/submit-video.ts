import { activityInfo, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { FailureType } from '../contract/failures.js';
import type { ProviderRequest } from '../contract/types.js';
import type { Job, OpenRouter, SubmitAnswer } from '../openrouter/answers.js';
import type { ActivityDeps, TemporalPort } from './deps.js';
import { finalFailure, passingFailure } from './failures.js';
import { retryDelayMs, stopwatch } from './retry-time.js';

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
}

export interface SubmitInput {
  readonly request: ProviderRequest;
  /** How long a provably refused submit is tried again, in milliseconds. */
  readonly submitMs: number;
}

/** The `ApplicationFailure` type of an unknown outcome: not a failure of the run, but a question to a person. */
export const SUBMISSION_UNKNOWN = 'SubmissionUnknown';

const HEARTBEAT_EVERY_MS = 5_000;

export function createSubmitVideo({ openRouter, temporal, settings }: ActivityDeps) {
  /** The one paid request. Throws a retryable failure only when it is proven that no job exists. */
  return async function submitVideo(input: SubmitInput): Promise<SubmittedJob> {
    const elapsedMs = stopwatch();
    const body = completeRequest(input.request, callbackUrl(settings.webhookUrl));
    await mark(temporal, { sending: true }, input, elapsedMs);
    const answer = await submitWithHeartbeat(openRouter, body);
    if (answer.outcome === 'accepted') return await recordJob(temporal, answer.job);
    if (answer.outcome === 'unknown') throw unknownOutcome(answer.message);
    if (answer.outcome === 'refused') throw finalFailure(refusalType(answer.httpStatus), answer.message);
    await unmark(temporal);
    throw notAccepted(answer, input, elapsedMs);
  };
}

/**
 * The body as it goes out: the caller's own, plus `generate_audio` where it is absent (the provider documents two
 * defaults, and they cost differently), plus `callback_url` where a webhook address is configured and none was given.
 */
export function completeRequest(request: ProviderRequest, callback: string | null): ProviderRequest {
  return {
    ...request,
    ...(request.generate_audio === undefined ? { generate_audio: false } : {}),
    ...(callback === null || request.callback_url !== undefined ? {} : { callback_url: callback }),
  };
}

function callbackUrl(webhookUrl: string | null): string | null {
  const workflowId = activityInfo().workflowExecution?.workflowId;
  if (webhookUrl === null || workflowId === undefined) return null;
  return `${webhookUrl.replace(/\/$/, '')}/webhooks/openrouter/${encodeURIComponent(workflowId)}`;
}

/** Not before the server has acknowledged the mark may a byte leave. */
async function mark(
  temporal: TemporalPort,
  details: SubmitMark,
  input: SubmitInput,
  elapsedMs: () => number,
): Promise<void> {
  try {
    await temporal.acknowledge(details);
  } catch (error) {
    // The mark may have arrived although its acknowledgement did not: take it back, so that it raises no doubt.
    await unmark(temporal);
    const delayMs = retryDelayMs(activityInfo().attempt, null);
    const what = 'Nothing was submitted, because the Temporal server did not confirm that it knows of the attempt.';
    if (elapsedMs() + delayMs > input.submitMs) throw finalFailure('ProviderUnavailable', what);
    throw passingFailure('ProviderUnavailable', what, { delayMs, ...(error instanceof Error ? { cause: error } : {}) });
  }
}

/** Best effort: without it a later death would raise a doubt that is not there, which costs a question, not money. */
async function unmark(temporal: TemporalPort): Promise<void> {
  const cleared: SubmitMark = { sending: false };
  heartbeat(cleared);
  await temporal.acknowledge(cleared).catch(() => undefined);
}

async function submitWithHeartbeat(openRouter: OpenRouter, body: ProviderRequest): Promise<SubmitAnswer> {
  const sending: SubmitMark = { sending: true };
  const beat = setInterval(() => {
    heartbeat(sending);
  }, HEARTBEAT_EVERY_MS);
  try {
    return await openRouter.submit(body);
  } catch (error) {
    // The client answers with values; should it throw after all, nobody knows what was sent.
    throw unknownOutcome(error instanceof Error ? error.message : 'the request ended in an unexpected way');
  } finally {
    clearInterval(beat);
  }
}

/** A job exists: tell the server in two ways, since one of them may come too late. */
async function recordJob(temporal: TemporalPort, job: Job): Promise<SubmittedJob> {
  const submitted: SubmittedJob = { jobId: job.id, status: job.status };
  log.info('the provider accepted the job', { jobId: job.id });
  const recorded: SubmitMark = { sending: true, job: submitted };
  heartbeat(recorded);
  try {
    await temporal.acknowledge(recorded);
  } catch {
    const { workflowExecution } = activityInfo();
    if (workflowExecution !== undefined) {
      await temporal.reportLateJob(workflowExecution, submitted).catch((error: unknown) => {
        log.error('a paid job could not be reported to its run', { jobId: job.id, error });
      });
    }
  }
  return submitted;
}

function unknownOutcome(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: SUBMISSION_UNKNOWN, message, nonRetryable: true });
}

function refusalType(httpStatus: number): FailureType {
  if (httpStatus === 401) return 'AuthenticationFailed';
  if (httpStatus === 402) return 'InsufficientCredits';
  if (httpStatus === 403) return 'PermissionDenied';
  return 'SubmissionRejected';
}

function notAccepted(
  answer: Extract<SubmitAnswer, { outcome: 'not_accepted' }>,
  input: SubmitInput,
  elapsedMs: () => number,
): ApplicationFailure {
  const delayMs = retryDelayMs(activityInfo().attempt, answer.retryAfterMs);
  if (elapsedMs() + delayMs <= input.submitMs)
    return passingFailure('ProviderUnavailable', answer.message, { delayMs });
  return finalFailure(
    'ProviderUnavailable',
    `${answer.message} No job was accepted within timeouts.submit, and nothing was billed. Start it again later.`,
  );
}
