import { randomUUID } from 'node:crypto';
import { activityInfo, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import pRetry, { type RetryContext } from 'p-retry';
import { askedToWait } from '../contract/asked-to-wait.js';
import { adoptCommand } from '../contract/commands.js';
import { isDotSegment } from '../contract/dot-segment.js';
import type { FailureType } from '../contract/failures.js';
import type { ProviderRequest } from '../contract/types.js';
import type { OpenRouter, SubmitAnswer } from '../openrouter/answers.js';
import { holdToBudget, modelsFor } from './budget.js';
import type { ActivityDeps, TemporalPort } from './deps.js';
import { finalFailure } from './failures.js';
import type { ModelCatalog } from './model-catalog.js';
import { stopwatch, unavailable, type Patience } from './retry-time.js';
import { earlierMark, HeldBack, markSending, unmark, type SubmitMark, type SubmittedJob } from './submit-mark.js';

export interface SubmitInput {
  readonly request: ProviderRequest;
  /** How long a provably refused submit is tried again, in milliseconds. */
  readonly submitMs: number;
  /** The first run under this start. It cannot have come of a reset; any other is looked at before it may send. */
  readonly firstRunId?: string;
  /** The update by which somebody had the request sent, if anybody did. Runs of earlier builds do not say. */
  readonly answer?: string | null;
  /** Held to when the request leaves: the price may have risen since the check. */
  readonly maxCostUsd?: number | undefined;
}

/** Details of the failure `SubmissionUnknown`, where there are any. */
export interface UnknownDetails {
  /** What is in doubt is not this submit, which was not sent, but that of the run before the reset, which had these jobs. */
  readonly earlierJobs: readonly string[];
  /** Which jobs these are could not be looked up. */
  readonly areUnread?: true;
}

/** The `ApplicationFailure` type of an unknown outcome: not a failure of the run, but a question to a person. */
export const SUBMISSION_UNKNOWN = 'SubmissionUnknown';

const HEARTBEAT_EVERY_MS = 5_000;
/** Nobody else knows of the job; what outlasts half an hour of trying is in the log. */
const RECORDING = { retries: Infinity, maxRetryTime: 30 * 60_000, minTimeout: 500, maxTimeout: 15_000 } as const;

export function createSubmitVideo({ openRouter, models, temporal, settings }: ActivityDeps) {
  /** The one paid request. Throws a retryable failure only when it is proven that no job exists. */
  return async function submitVideo(input: SubmitInput): Promise<SubmittedJob> {
    const before = earlierAttempt();
    if (before !== null) return before;
    const patience: Patience = { submitMs: input.submitMs, elapsedMs: stopwatch() };
    const orWait: Confirm = (what, ask) => confirmed(what, ask, patience);
    await refuseAfterReset(temporal, input, orWait);
    await refuseWithoutMark(temporal, orWait);
    await checkPriceNow(models, input, patience);
    const body = completeRequest(input.request, callbackUrl(settings.webhookUrl));
    const attempt = randomUUID();
    const answer = await submitWithHeartbeat(openRouter, body, () =>
      orWait('did not confirm that it knows of the attempt', () => markSending(temporal, attempt)),
    );
    if (answer.outcome === 'accepted') return await recordJob(temporal, submittedJob(answer));
    if (answer.outcome === 'unknown') throw unknownOutcome(answer.message);
    if (answer.outcome === 'refused') {
      throw finalFailure(refusalType(answer.httpStatus), `${answer.message} Nothing was submitted.`);
    }
    await unmark(temporal, attempt, answer.retryAfterMs);
    throw notAccepted(answer, patience);
  };
}

/**
 * What an attempt before this one left behind. Temporal runs the activity again only after proof that nothing was
 * accepted, but an operator can (by a reset), and the mark is believed before the operator.
 */
function earlierAttempt(): SubmittedJob | null {
  const mark = earlierMark();
  if (mark?.job !== undefined) return mark.job;
  if (mark?.sending === true) throw unknownOutcome(MAY_HAVE_SENT);
  return null;
}

const MAY_HAVE_SENT = 'An earlier attempt ended after its request could have left.';

/** An operator can have the mark forgotten, and the run knows of it all the same. */
async function refuseWithoutMark(temporal: TemporalPort, orWait: Confirm): Promise<void> {
  const run = activityInfo().workflowExecution;
  if (run === undefined || earlierMark() !== undefined) return;
  const mayHaveSent = await orWait('did not say whether an attempt came before', () => temporal.mayHaveSent(run));
  if (mayHaveSent) throw unknownOutcome(MAY_HAVE_SENT);
}

/** A run that Temporal's Reset made would pay again for what the run before may have paid for: a person is asked first. */
async function refuseAfterReset(temporal: TemporalPort, input: SubmitInput, orWait: Confirm): Promise<void> {
  const run = activityInfo().workflowExecution;
  if (run === undefined || run.runId === input.firstRunId) return;
  if (await orWait('did not say whether the run was reset', () => temporal.mayPay(run, input.answer))) return;
  const earlierJobs = await temporal.jobsOf(run).catch(() => null);
  const details: UnknownDetails = earlierJobs === null ? { earlierJobs: [], areUnread: true } : { earlierJobs };
  throw unknownOutcome(
    `Temporal’s Reset took this run back to before its submit, and the run before the reset may have submitted already.${hadJobs(details)}`,
    details,
  );
}

function hadJobs({ earlierJobs }: UnknownDetails): string {
  return earlierJobs.length === 0 ? '' : ` It had job ${earlierJobs.join(', ')}.`;
}

/** A request may wait for days for a worker, or for a provider that refuses it. */
async function checkPriceNow(models: ModelCatalog, input: SubmitInput, patience: Patience): Promise<void> {
  const { maxCostUsd } = input;
  if (maxCostUsd === undefined) return;
  const request = completeRequest(input.request, null);
  holdToBudget(request, await modelsFor(request.model, models, { maxCostUsd, ...patience }), maxCostUsd);
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

/**
 * Where the provider tells of the job of the run that this is an activity of; `null` without a webhook address, and for
 * an id that cannot be put into one.
 */
export function callbackUrl(webhookUrl: string | null): string | null {
  const workflowId = activityInfo().workflowExecution?.workflowId;
  if (webhookUrl === null || workflowId === undefined || isDotSegment(workflowId)) return null;
  return `${webhookUrl.replace(/\/$/, '')}/webhooks/openrouter/${encodeURIComponent(workflowId)}`;
}

type Confirm = <T>(whatFailed: string, ask: () => Promise<T>) => Promise<T>;

/** Without the server's word nothing is sent: again later, for as long as a submit may take. */
async function confirmed<T>(whatFailed: string, ask: () => Promise<T>, patience: Patience): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const why = error instanceof HeldBack ? error.message : `the Temporal server ${whatFailed}`;
    const cause = error instanceof Error ? { cause: error } : {};
    throw unavailable(`Nothing was submitted, because ${why}.`, patience, cause);
  }
}

/** The connection stands before anybody is asked, so that next to no time lies between the last word and the request. */
async function submitWithHeartbeat(
  openRouter: OpenRouter,
  body: ProviderRequest,
  mark: () => Promise<void>,
): Promise<SubmitAnswer> {
  const sending: SubmitMark = { sending: true };
  let beat: NodeJS.Timeout | undefined;
  const beforeItLeaves = async (): Promise<void> => {
    await mark();
    beat = setInterval(() => {
      heartbeat(sending);
    }, HEARTBEAT_EVERY_MS);
  };
  try {
    return await openRouter.submit(body, { beforeItLeaves });
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error; // there was no mark, and nothing left
    // The client answers with values; should it throw after all, nobody knows what was sent.
    throw unknownOutcome(error instanceof Error ? error.message : 'the request ended in an unexpected way');
  } finally {
    clearInterval(beat);
  }
}

function submittedJob({ job, retryAfterMs }: Extract<SubmitAnswer, { outcome: 'accepted' }>): SubmittedJob {
  return { jobId: job.id, status: job.status, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
}

/**
 * A job exists and will be billed, so its run must hear of it, also when Temporal cannot be reached for a while and the
 * activity is timed out there meanwhile.
 */
async function recordJob(temporal: TemporalPort, submitted: SubmittedJob): Promise<SubmittedJob> {
  const { jobId } = submitted;
  log.info('the provider accepted the job', { jobId });
  const onFailedAttempt = ({ attemptNumber, error }: RetryContext): void => {
    if (attemptNumber > 1) return;
    log.error('a paid job is not recorded yet: Temporal is told as soon as it answers', { jobId, error });
  };
  try {
    await pRetry(() => tellRun(temporal, submitted), { ...RECORDING, onFailedAttempt });
  } catch {
    log.error(`a paid job could not be reported to its run; ${toSaveIt(jobId)}`, { jobId });
  }
  return submitted;
}

/** By the activity while it counts, and by a signal once its answer would come too late. */
async function tellRun(temporal: TemporalPort, job: SubmittedJob): Promise<void> {
  const recorded: SubmitMark = { sending: true, job };
  heartbeat(recorded);
  try {
    await temporal.acknowledge(recorded);
  } catch (error) {
    const { workflowExecution } = activityInfo();
    if (workflowExecution === undefined) throw error;
    const heard = await temporal.reportLateJob(workflowExecution, job);
    if (!heard) log.error(`a paid job came too late for its run, which is closed; ${toSaveIt(job.jobId)}`, { ...job });
  }
}

function toSaveIt(jobId: string): string {
  return `to save its video: ${adoptCommand(jobId, null)}`;
}

function unknownOutcome(message: string, ...details: UnknownDetails[]): ApplicationFailure {
  return ApplicationFailure.create({ type: SUBMISSION_UNKNOWN, message, nonRetryable: true, details });
}

function refusalType(httpStatus: number): FailureType {
  if (httpStatus === 401) return 'AuthenticationFailed';
  if (httpStatus === 402) return 'InsufficientCredits';
  if (httpStatus === 403) return 'PermissionDenied';
  return 'SubmissionRejected';
}

function notAccepted(
  { message, retryAfterMs }: Extract<SubmitAnswer, { outcome: 'not_accepted' }>,
  patience: Patience,
): ApplicationFailure {
  const what = message + askedToWait(retryAfterMs);
  const atTheEnd = `${what} No job was accepted within timeouts.submit, and nothing was billed. Start it again later.`;
  return unavailable(what, patience, { retryAfterMs, atTheEnd });
}
