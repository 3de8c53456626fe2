import {
  CancellationScope,
  CancelledFailure,
  setCurrentDetails,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CheckFailureDetails, Plan } from '../activities/check-request.js';
import { adoptCommand } from '../contract/commands.js';
import { dollars } from '../contract/dollars.js';
import type { Problem } from '../contract/failures.js';
import { isUsableJobId } from '../contract/job-id.js';
import { ADOPTED_MEMO, MODEL_MEMO, OUTPUT_MEMO, STATUS_MEMO } from '../contract/names.js';
import type { GenerateVideoInput, ProviderEvent, VideoAsset, VideoState, VideoStatus } from '../contract/types.js';
import type { CarriedState } from './carried-state.js';
import { goesBy, isBehindReset } from './changes.js';
import { describeRun } from './details.js';
import { HintedJobs, REMEMBERED_EVENTS } from './hinted-jobs.js';
import { searchAttributesOf } from './search-attributes.js';
import { SentRequests } from './sent-requests.js';
import { statedIn } from './stated-input.js';
import { Submits } from './submits.js';

/** Far more than any status has. */
const LONGEST_STATUS = 64;

/** An operator's answer to `awaiting_decision`. */
export type Decision =
  | { readonly action: 'adopt'; readonly jobId: string; readonly providerStatus: string }
  | { readonly action: 'resubmit'; /** The update's id. */ readonly answer: string | null }
  | { readonly action: 'abandon' };

/** The worker's, of the job that a submit of this very run led to; of events of the provider nobody knows which run's job they name. */
export interface OwnWord {
  readonly isOwn?: boolean;
}

const TELLS_OF_OTHER = 'The provider also tells of job';

/** What of it belongs to the wait, and not to the run. */
export type PollState = Omit<
  CarriedState,
  'plan' | 'status' | 'woken' | 'seenEvents' | 'submits' | 'otherDoubts' | 'stateSince' | 'cancelled' | 'adopted'
>;

/** One run as its messages and its people see it. Every change goes through here, so that none is shown late. */
export class VideoRun {
  status: VideoStatus = {
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
  /** What the worker has said of its paid requests. */
  readonly sent = new SentRequests();
  /** What provider events have said before it knew its own job. */
  readonly hinted = new HintedJobs();
  /** Jobs of the run that Temporal's Reset took this one back from. */
  earlierJobs: readonly string[] = [];
  knowsEarlierJobs = false;
  /** What became of every submit so far. */
  readonly submits: Submits;
  /** What is to be told to the end of further submits that nobody knows the outcome of. */
  otherDoubts: string | null = null;
  /** A provider event asks for a poll before its time. */
  woken = false;
  /** Its job came by a person's word or by an event, and by no answer to its request. */
  private hasAdopted = false;
  cancelReason: string | null = null;
  /** Somebody asked for it by signal, and it may still be on its way to the server and back. */
  isCancelAsked = false;
  /** Workflow time in milliseconds. */
  checkedAt = 0;
  /** Jobs that a person has named, and that are being looked at. */
  inspections = 0;
  private decision: Decision | null = null;
  private plan_: Plan | null = null;
  private searchAttributes = false;
  private cancelRequested = false;
  /** The server has such a request in this history, without which it takes no end as Canceled. */
  isCancelAtServer = false;
  private stateSince: string;
  private seenEvents: string[] = [];
  private otherLooks = 0;
  private stopWork: (() => void) | null = null;

  constructor(
    readonly input: GenerateVideoInput,
    carried: CarriedState | undefined,
  ) {
    this.stateSince = now();
    this.submits = new Submits(carried?.submits);
    if (carried === undefined) return;
    this.plan_ = carried.plan;
    this.searchAttributes = carried.plan.searchAttributes;
    this.status = carried.status;
    this.stateSince = carried.stateSince;
    this.seenEvents = [...carried.seenEvents];
    this.otherDoubts = carried.otherDoubts ?? null;
    this.woken = carried.woken ?? false;
    this.hasAdopted = carried.adopted ?? false;
    this.cancelRequested = carried.cancelled !== undefined;
    this.cancelReason = carried.cancelled?.reason ?? null;
  }

  /** Follows cancellation of the run: the signal's way leads through the server as well. */
  watchCancellation(): void {
    CancellationScope.current().cancelRequested.catch(() => {
      this.cancelRequested = true;
      this.isCancelAtServer = true;
      this.stopWork?.();
      this.show();
    });
  }

  /** A method, so that nobody reads a value from before an await. */
  isCancelled(): boolean {
    return this.cancelRequested;
  }

  /** Nothing is to be sent now: the run is cancelled, or its job has turned up. */
  wantsNoRequest(): boolean {
    return this.cancelRequested || this.hinted.hasTurnedUp();
  }

  /** The operator's answer, once there is one. */
  decided(): Decision | null {
    return this.decision;
  }

  decide(decision: Decision | null): void {
    this.decision = decision;
  }

  /** Until the run has acted on it, an answer that pays nothing goes before one that would pay. */
  isOpenTo(action: Decision['action']): boolean {
    if (this.status.state !== 'awaiting_decision' || this.cancelRequested) return false;
    return this.decision === null || (this.decision.action === 'resubmit' && action !== 'resubmit');
  }

  get plan(): Plan {
    if (this.plan_ === null) throw new TypeError('the request was not checked yet');
    return this.plan_;
  }

  /** `null` for a job that the run did not submit, and where the input is too wrong to say. */
  get model(): string | null {
    return this.plan_ === null ? statedIn(this.input).model : this.plan_.model;
  }

  /** Follows a job that was there before it. Of an input that was not checked yet, nothing is known. */
  get adopts(): boolean {
    return this.plan_ !== null && this.input.jobId !== undefined;
  }

  checked(plan: Plan): void {
    this.plan_ = plan;
    this.checkedAt = Date.now();
    this.searchAttributes = plan.searchAttributes;
    this.change({ estimatedCostUsd: plan.estimatedCostUsd });
  }

  /** The check failed; `undefined` where no worker got to say anything. */
  refused(details: CheckFailureDetails | undefined): void {
    this.searchAttributes = details?.searchAttributes === true;
  }

  /** Runs `work` and cancels it, and only it, when the run is cancelled, or while it submits when its job turns up. */
  async untilCancelled<T>(work: () => Promise<T>): Promise<T> {
    if (this.cancelRequested) throw new CancelledFailure('the run was cancelled');
    const scope = new CancellationScope();
    this.stopWork = () => {
      scope.cancel();
    };
    try {
      return await scope.run(work);
    } finally {
      this.stopWork = null;
    }
  }

  /** A new state: shown, and recorded where it can be read without a worker. */
  enter(state: VideoState, change: Partial<VideoStatus> = {}): void {
    this.stateSince = now();
    this.change({ nextPollAt: null, ...change, state });
    this.record();
  }

  /** A change within a state: shown, not recorded, so that a poll costs no extra events. */
  change(change: Partial<VideoStatus>): void {
    this.status = { ...this.status, ...change };
    this.show();
  }

  problem(problem: Problem | null): void {
    this.change({ error: problem });
  }

  saved(asset: VideoAsset, warnings: readonly string[]): void {
    this.change({
      assets: [...this.status.assets, asset],
      warnings: [...this.status.warnings, ...warnings],
    });
  }

  /**
   * A provider event is a hint: it hurries the next poll or names a job to look at, nothing else. Returns a job beside the
   * run's own that is to be looked at.
   */
  hint(event: (ProviderEvent & OwnWord) | null | undefined): string | null {
    if (event === undefined || event === null || !isUsableJobId(event.jobId)) return null;
    const { jobId } = event;
    const seen = `${jobId}-${typeof event.status === 'string' ? event.status.slice(0, LONGEST_STATUS) : ''}`;
    if (event.isOwn !== true && this.seenEvents.includes(seen)) return null;
    this.seenEvents = [...this.seenEvents, seen].slice(-REMEMBERED_EVENTS);
    if (this.status.jobId === null) this.keep(jobId, event.isOwn === true);
    else if (this.status.jobId === jobId) this.woken = true;
    else if (event.isOwn === true || this.submits.isAnyUnknown) this.learnOfOther(jobId);
    else if (!this.adopts && this.otherLooks < REMEMBERED_EVENTS) {
      this.otherLooks += 1;
      return jobId;
    }
    return null;
  }

  /** What events told of was looked for in vain for a while: they may come again, and hurry again. */
  forgetEvents(): void {
    this.seenEvents = [];
  }

  private keep(jobId: string, isOwn: boolean): void {
    const { hinted, sent } = this;
    const isFromReset = !sent.hasAnyLeft && this.actsAsReset();
    if (!sent.hasAnyLeft && !isFromReset && !this.adopts && goesBy('sets-early-jobs-aside')) {
      // A cron schedule's run before has paid for it, and is over.
      if (isOwn && goesBy('tells-of-jobs-of-before')) this.learnOfOther(jobId);
      else hinted.setAside(jobId);
      return;
    }
    const isNew = !hinted.candidates.includes(jobId);
    hinted.keep(jobId);
    if (!isNew || !sent.hasAnyLeft) return; // without a request it cannot have come of this run
    hinted.turnedUp.add(jobId);
    if (this.status.state === 'submitting' && goesBy('stops-for-its-job')) this.stopWork?.();
  }

  /** The job is known: from here on it is followed to its end, or named in the failure. */
  follow(jobId: string, providerStatus: string | null, submittedAt: string | null): void {
    this.woken = this.hinted.candidates.includes(jobId);
    this.hinted.turnedUp.delete(jobId);
    if (this.submits.isAnyUnknown) {
      for (const other of this.hinted.candidates.filter((candidate) => candidate !== jobId)) this.tellOfOther(other);
    }
    for (const earlier of this.earlierJobs.filter((other) => other !== jobId)) {
      this.leaveInDoubt(
        `The run before the reset had job ${earlier}, which is billed as well. To save its video too: ${adoptCommand(earlier, null)}`,
      );
    }
    this.enter('generating', { jobId, providerStatus, submittedAt, error: null });
  }

  /** The answer to its question: a job that may as well be another run's. */
  adopt(jobId: string, providerStatus: string, submittedAt: string): void {
    this.hasAdopted = true;
    this.follow(jobId, providerStatus, submittedAt);
  }

  /** The run has its job, but it may have paid for more than that one. */
  leaveInDoubt(what: string): void {
    this.otherDoubts = this.otherDoubts === null ? what : `${this.otherDoubts} ${what}`;
    this.change({ warnings: [...this.status.warnings, what] });
  }

  /** Temporal's Reset makes another run of the same history, and only its id differs; a cron schedule or a retry makes its own. */
  get isReset(): boolean {
    return this.mayBeReset && workflowInfo().continuedFromExecutionRunId === undefined;
  }

  /** It is reset, and goes its own way by now. As with `isBehindReset`, whose marker it writes, not to be asked behind a local activity. */
  actsAsReset(): boolean {
    return this.isReset && isBehindReset();
  }

  /** Of a run that a cron schedule or a retry made, nothing here tells whether a reset has made it anew. */
  get mayBeReset(): boolean {
    const { runId, firstExecutionRunId } = workflowInfo();
    return runId !== firstExecutionRunId;
  }

  /** Whether a submit of this run may have led to a job that it does not follow. */
  get isInDoubt(): boolean {
    const isAnyUnknown = this.submits.isAnyUnknown || this.hinted.hasTurnedUp() || this.otherDoubts !== null;
    return this.status.jobId === null && (isAnyUnknown || (this.isReset && !this.adopts));
  }

  /** Which submits nobody knows the outcome of, and what they may have cost: whole sentences, or nothing. */
  get inDoubt(): string {
    const { inDoubt } = this.submits;
    if (inDoubt.length === 0) return '';
    const { estimatedCostUsd } = this.status;
    const cost = estimatedCostUsd === null ? '' : ` It may have cost ${dollars(estimatedCostUsd)}.`;
    const before = inDoubt.slice(0, -1);
    const others = before.length === 0 ? '' : ` Also in doubt, and perhaps billed as well: ${before.join('; ')}.`;
    return `${cost} In doubt is ${inDoubt.at(-1)}.${others}`;
  }

  hadBeforeReset(jobs: readonly string[]): void {
    this.earlierJobs = jobs;
    this.knowsEarlierJobs = true;
  }

  /** Somebody has the request sent again, in spite of a submit in doubt and of the jobs that events named. */
  overrule(): void {
    for (const doubt of this.submits.overrule()) this.leaveInDoubt(`Also in doubt, and perhaps billed: ${doubt}.`);
    for (const jobId of this.hinted.candidates) this.tellOfOther(jobId);
    this.hinted.turnedUp.clear();
  }

  /** On record as well: what a run has paid for is to be known without a worker, and after it was terminated. */
  learnOfOther(jobId: string): void {
    const { warnings } = this.status;
    this.tellOfOther(jobId);
    if (this.status.warnings !== warnings && goesBy('records-other-jobs')) this.record();
  }

  /** The submit that was in doubt had been accepted, and somebody sent another one meanwhile: two jobs, and two bills. */
  private tellOfOther(jobId: string): void {
    const { warnings } = this.status;
    const told = warnings.filter((warning) => warning.startsWith(TELLS_OF_OTHER));
    if (told.length >= REMEMBERED_EVENTS) return; // a memo has an end, and Temporal would end the run with it
    const ofIt = `${TELLS_OF_OTHER} ${jobId} for this run`;
    if (told.some((warning) => warning.startsWith(ofIt))) return;
    const held = this.hinted.holders.get(jobId);
    const where = held === undefined ? '' : `; ${held.holder}`;
    this.leaveInDoubt(
      `${ofIt}, which may be billed as well${where}. To save its video too: ${adoptCommand(jobId, null)}`,
    );
  }

  carry(poll: PollState): CarriedState {
    const { plan, status, woken, seenEvents, otherDoubts, stateSince } = this;
    const submits = this.submits.outcomes;
    const cancelled = this.cancelRequested ? { cancelled: { reason: this.cancelReason } } : {};
    const adopted = this.hasAdopted ? { adopted: true } : {};
    return { ...poll, plan, status, woken, seenEvents, submits, otherDoubts, stateSince, ...cancelled, ...adopted };
  }

  memo(): Record<string, unknown> {
    return {
      [STATUS_MEMO]: this.status,
      [MODEL_MEMO]: this.model,
      [OUTPUT_MEMO]: this.plan_?.output ?? null,
      ...(this.hasAdopted ? { [ADOPTED_MEMO]: true } : {}),
    };
  }

  private show(): void {
    setCurrentDetails(
      describeRun({
        workflowId: workflowInfo().workflowId,
        // Before the check it may be anything.
        request: this.plan_ === null ? undefined : this.input.request,
        status: this.status,
        stateSince: this.stateSince,
        cancelRequested: this.cancelRequested,
        output: this.plan_?.output ?? null,
      }),
    );
  }

  /** Where it can be read without a worker. */
  record(): void {
    upsertMemo(this.memo());
    if (!this.searchAttributes) return;
    const tenant = this.plan_ === null ? undefined : this.input.tenant;
    upsertSearchAttributes(searchAttributesOf(this.status, { model: this.model, tenant }));
  }
}

/** Workflow time: the same on every replay. */
export function now(): string {
  return new Date().toISOString();
}
