import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  setHandler,
} from '@temporalio/workflow';
import { adoptCommand } from '../contract/commands.js';
import { isUsableJobId } from '../contract/job-id.js';
import { LIMITS } from '../contract/limits.js';
import type { CancelRequest, ResolveSubmission, VideoStatus } from '../contract/types.js';
import { cancelThisRun } from './cancellation.js';
import { goesBy } from './changes.js';
import { isOfThisRun } from './look-at-job.js';
import { inspect } from './looks.js';
import {
  cancelSignal,
  isWantedQuery,
  mayHaveSentQuery,
  providerEventSignal,
  resolveSubmissionUpdate,
  sendingSignal,
  statusQuery,
} from './messages.js';
import type { Decision, VideoRun } from './video-run.js';

/** Everything that may be said to a run. Set before its first await, so that nothing is missed. */
export function listen(run: VideoRun): void {
  run.watchCancellation();
  setHandler(statusQuery, () => run.status, {
    description: 'Where the run stands: state, job, polls, cost, files, last problem.',
  });
  setHandler(isWantedQuery, () => !run.isCancelAsked && !run.wantsNoRequest(), {
    description:
      'From the worker, before the paid request leaves: false once somebody has cancelled the run, or its job has turned up.',
  });
  setHandler(mayHaveSentQuery, () => run.sent.mayHaveLeft(), {
    description: 'From the worker, before it begins a submit: whether an attempt before it may have sent the request.',
  });
  setHandler(
    cancelSignal,
    async (request) => {
      run.isCancelAsked = true;
      run.cancelReason = reasonOf(request) ?? run.cancelReason;
      await CancellationScope.nonCancellable(() => cancelThisRun(run));
    },
    {
      description:
        'Cancels the run. Optional: { "reason": "…" }. The provider cannot cancel: a submitted job may be billed.',
    },
  );
  setHandler(
    providerEventSignal,
    async (event) => {
      const other = run.hint(event);
      if (other === null || !goesBy('looks-at-other-jobs')) return;
      const isOurs = await isOfThisRun(run, other);
      if (isToBeTold(isOurs)) run.learnOfOther(other);
    },
    {
      description:
        'From the webhook receiver: { "jobId", "status" }. A hint: the next poll comes sooner, or the job is looked at. Never believed.',
    },
  );
  setHandler(
    sendingSignal,
    (at, attempt, retryAfterMs, saidAt) => {
      if (at === false) run.sent.ledToNoJob(attempt, retryAfterMs ?? 0, saidAt);
      else run.sent.leaves(typeof at === 'string' ? at : null, attempt);
    },
    {
      description:
        'From the worker, before the paid request leaves: nothing is sent again by itself once a run has it. Or false, from the worker as well: no job came of that request.',
    },
  );
  setHandler(resolveSubmissionUpdate, (answer) => resolve(run, answer), {
    validator: (answer: unknown) => {
      validate(run, answer);
    },
    description:
      'Answers awaiting_decision: { "action": "adopt", "jobId": "…" }, { "action": "resubmit" } or { "action": "abandon" }.',
  });
}

function isToBeTold(isOurs: Awaited<ReturnType<typeof isOfThisRun>>): boolean {
  switch (isOurs) {
    case 'yes':
      return true;
    case 'no':
      return false;
    case 'maybe':
      return goesBy('tells-of-unread-jobs');
    case 'missing': // the provider's books can lag behind its events
      return goesBy('tells-of-missing-jobs');
  }
}

function reasonOf(request: CancelRequest | undefined): string | null {
  const reason: unknown = request?.reason;
  return typeof reason === 'string' && reason !== '' ? reason.slice(0, LIMITS.reasonCharacters) : null;
}

/** Refused before it reaches the history: nothing waits, or the answer is malformed. */
function validate(run: VideoRun, answer: unknown): void {
  if (!isAnswer(answer)) {
    throw refused(
      'The answer is malformed. Give { "action": "adopt", "jobId": "…" }, { "action": "resubmit" } or { "action": "abandon" }.',
    );
  }
  if (!run.isOpenTo(answer.action)) throw refused(whyNotNow(run, answer));
}

/** By the contract's schema, whose library is not in the workflow's bundle. What has more to say may mean something else. */
function isAnswer(answer: unknown): answer is ResolveSubmission {
  if (typeof answer !== 'object' || answer === null) return false;
  const { action, jobId, ...more } = answer as { readonly action?: unknown; readonly jobId?: unknown };
  if (Object.keys(more).length > 0) return false;
  if (action === 'adopt') return isUsableJobId(jobId);
  return (action === 'resubmit' || action === 'abandon') && (jobId ?? null) === null;
}

function whyNotNow(run: VideoRun, answer: ResolveSubmission): string {
  const named = answer.action === 'adopt' && isUsableJobId(answer.jobId) ? answer.jobId : null;
  return named === null || named === run.status.jobId
    ? whyNoAnswer(run)
    : `${whyNoAnswer(run)} To save the video of ${named} all the same: ${adoptCommand(named, null)}`;
}

function whyNoAnswer(run: VideoRun): string {
  const { state } = run.status;
  if (state !== 'awaiting_decision') return `Nothing waits for a decision: the run is ${state}.`;
  return run.isCancelled()
    ? 'Nothing waits for a decision: the run was cancelled.'
    : 'Another answer came before this one, and the run acts on it.';
}

async function resolve(run: VideoRun, answer: ResolveSubmission): Promise<VideoStatus> {
  const decision = await decide(run, answer);
  const isOpen = run.isOpenTo(answer.action) && (run.decided() === null || goesBy('pays-after-other-answers'));
  if (!isOpen) throw refused(whyNotNow(run, answer));
  run.decide(decision);
  await condition(() => run.status.state !== 'awaiting_decision' || run.decided() !== decision);
  if (run.decided() !== decision) throw refused(overtakenBy(run));
  return run.status;
}

/** Without a decision the question is asked once more. */
function overtakenBy(run: VideoRun): string {
  const decision = run.decided();
  switch (decision?.action) {
    case 'adopt':
      return `A job turned up in that moment: the run follows ${decision.jobId}.`;
    case 'abandon':
      return 'Another answer came in that moment: the submit is abandoned.';
    default:
      return run.isCancelled()
        ? 'The run was cancelled in that moment.'
        : 'This answer was not acted on: the run has something to tell first, and asks once more. Look at its question, and answer again.';
  }
}

async function decide(run: VideoRun, answer: ResolveSubmission): Promise<Decision> {
  if (answer.action === 'abandon') return { action: 'abandon' };
  if (answer.action === 'resubmit') return { action: 'resubmit', answer: currentUpdateInfo()?.id ?? null };
  const { jobId } = answer;
  run.inspections++;
  try {
    const inspection = await inspect({ jobId });
    run.hinted.holdBack(jobId, inspection.retryAfterMs);
    if (!inspection.adoptable) throw refused(inspection.reason);
    return { action: 'adopt', jobId, providerStatus: inspection.job.status };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    throw refused(`Job ${jobId} could not be looked at. Try again; the run goes on waiting.`);
  } finally {
    run.inspections--;
  }
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'InvalidRequest', message, nonRetryable: true });
}
