import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ApplicationFailure } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { askedToWait } from '../contract/asked-to-wait.js';
import { adoptCommand } from '../contract/commands.js';
import { dollars } from '../contract/dollars.js';
import type { FailureType } from '../contract/failures.js';
import { LIMITS } from '../contract/limits.js';
import type { Job, PollAnswer } from '../openrouter/answers.js';
import { POLL } from './activity-options.js';
import { cancelledRun } from './cancellation.js';
import type { CarriedState } from './carried-state.js';
import { goesBy } from './changes.js';
import { activityCause, failRun } from './failures.js';
import type { generateVideo } from './generate-video.js';
import { Hurry } from './hurry.js';
import { recordPoll } from './ledger.js';
import { jobEnd } from './job-ends.js';
import { pollIntervalMs } from './poll-schedule.js';
import { oneAtATime } from './one-at-a-time.js';
import { PollTrouble } from './poll-trouble.js';
import type { PollState, VideoRun } from './video-run.js';

const { pollVideo } = proxyLocalActivities<Pick<Activities, 'pollVideo'>>(POLL);

/** A finished job: how many videos it has, and which model made them where the provider says so. */
export interface FinishedJob {
  readonly outputs: number;
  readonly model: string | null;
}

/** Waits until the provider has finished the job, by durable timers and one request a poll. */
export async function waitForVideo(run: VideoRun, carried?: CarriedState): Promise<FinishedJob> {
  const wait = new Wait(run, carried);
  for (;;) {
    await wait.untilDue();
    const finished = await wait.poll();
    if (finished !== null) return finished;
    await wait.continueAsNewWhenDue();
  }
}

class Wait {
  private readonly deadlineAt: number;
  private notBefore: number;
  private missingInARow: number;
  private lagMs = 0;
  private readonly hurry: Hurry;
  /** Of the last poll, without what is true only while the run goes on. */
  private lastProblem: string | null;
  private lastDenial: CarriedState['lastDenial'];
  private readonly trouble: PollTrouble;

  constructor(
    private readonly run: VideoRun,
    carried: CarriedState | undefined,
  ) {
    this.deadlineAt = carried?.pollDeadlineAt ?? Date.now() + run.plan.polling.timeoutMs;
    this.notBefore = carried?.notBefore ?? run.hinted.heldBackUntil(this.jobId());
    this.missingInARow = carried?.missingInARow ?? 0;
    this.lastProblem = carried?.lastProblem ?? null;
    this.lastDenial = carried?.lastDenial ?? null;
    this.hurry = new Hurry(carried);
    this.trouble = new PollTrouble(carried?.pollTrouble ?? null);
  }

  /** One durable timer, cut short by a cancel or a provider's hint. Ends the run when a bound is met. */
  async untilDue(): Promise<void> {
    const { run } = this;
    if (this.scheduledPolls() >= run.plan.polling.maximumAttempts || Date.now() >= this.deadlineAt) {
      throw this.exhausted();
    }
    const dueAt = this.nextPollAt();
    run.change({ nextPollAt: new Date(dueAt).toISOString() });
    const summary = `${run.status.providerStatus ?? 'submitted'}, next: poll ${run.status.polls + 1}`;
    if (Date.now() < dueAt) {
      await condition(() => run.woken || this.mustStop(), dueAt - Date.now(), { summary });
    }
    if (run.woken) await this.pollSoon(dueAt);
    if (this.mustStop()) throw cancelledRun(run);
    this.lagMs = Math.max(0, Date.now() - dueAt);
    if (this.notBefore > this.deadlineAt) throw this.exhausted();
  }

  async poll(): Promise<FinishedJob | null> {
    const { run } = this;
    const jobId = this.jobId();
    const polls = run.status.polls + 1;
    const answer = await this.ask(jobId, polls);
    recordPoll(answer.outcome, this.lagMs);
    this.trouble.note(answer, jobId, polls);
    run.change({ polls, nextPollAt: null });
    this.notBefore = Date.now() + (answer.retryAfterMs ?? 0); // histories of earlier builds have it of few answers
    this.hurry.polled();
    if (answer.outcome !== 'missing') this.missingInARow = 0;
    else if (!this.hurry.isNext) this.missingInARow++;
    this.lastDenial = null;
    const wait = askedToWait(answer.retryAfterMs);
    switch (answer.outcome) {
      case 'job':
        this.lastProblem = null;
        run.change({ providerStatus: answer.job.status, costUsd: billOf(answer.job), error: null });
        return this.judge(answer.job);
      case 'missing':
        if (this.missingInARow >= LIMITS.missingInARow) throw this.lost();
        this.show(
          'VideoLost',
          `The provider does not know job ${jobId} (404, ${this.missingInARow} in a row).${this.wasNeverSeen() ? ' Is the id right?' : ''}${wait}`,
        );
        return null;
      case 'denied':
        this.lastDenial = answer.httpStatus === 401 ? 'AuthenticationFailed' : 'PermissionDenied';
        this.show(this.lastDenial, `${answer.message} Mend the key and restart the worker.${wait}`, 'The run goes on.');
        return null;
      case 'trouble':
        this.show('ProviderUnavailable', asSentence(answer.message) + wait, GOES_ON);
        return null;
    }
  }

  private show(type: FailureType, what: string, meanwhile?: string): void {
    this.lastProblem = what;
    this.run.problem({ type, message: meanwhile === undefined ? what : `${what} ${meanwhile}` });
  }

  /** A history cannot grow for ever: where the server says so, the run goes on in a new one, also one that settles. */
  async continueAsNewWhenDue(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    await condition(allHandlersFinished);
    if (this.mustStop() || (this.run.isCancelled() && !goesBy('settles-in-new-history'))) return;
    // Of a memo only what a run was started with goes along by itself.
    const goOn = makeContinueAsNewFunc<typeof generateVideo>({ memo: { ...workflowInfo().memo, ...this.run.memo() } });
    await goOn(this.run.input, this.run.carry(this.carry()));
  }

  private carry(): PollState {
    const { notBefore, missingInARow, lastProblem, lastDenial, deadlineAt, hurry, trouble } = this;
    const bounds = { pollDeadlineAt: deadlineAt, notBefore, missingInARow };
    return { ...bounds, lastProblem, lastDenial, pollTrouble: trouble.kind, ...hurry.carry() };
  }

  private async ask(jobId: string, polls: number): Promise<PollAnswer> {
    try {
      const options = { ...POLL, summary: `poll ${polls} of job ${jobId}` };
      return await oneAtATime(() => pollVideo.executeWithOptions(options, [{ jobId }]));
    } catch (error) {
      const cause = activityCause(error);
      if (cause === null) throw error;
      return {
        outcome: 'trouble',
        httpStatus: null,
        message: `The poll did not end: ${cause.message}`,
        retryAfterMs: null,
      };
    }
  }

  private judge(job: Job): FinishedJob | null {
    const end = jobEnd(job.status);
    if (end === undefined) return null; // also a status that nobody knows yet: the job is still there
    if (end === 'saved') return { outputs: job.outputs, model: job.model };
    throw failRun(
      end,
      `The provider says that job ${job.id} ${job.status}: ${asSentence(job.error ?? 'it gave no reason')}${this.bill()}`,
    );
  }

  private bill(): string {
    const { costUsd } = this.run.status;
    return costUsd === null ? ' It did not say whether the job is billed.' : ` It cost ${dollars(costUsd)}.`;
  }

  private nextPollAt(): number {
    const { run } = this;
    const first = run.adopts && run.status.polls === 0;
    const scheduledMs = first ? 0 : pollIntervalMs(run.plan.polling, this.scheduledPolls(), Math.random());
    const { intervalMs, isLastLook } = this.hurry.shortened(scheduledMs);
    if (isLastLook) run.forgetEvents();
    return Math.min(Math.max(Date.now() + intervalMs, this.notBefore), this.deadlineAt);
  }

  /** An event asks for a poll: at once, unless the provider has asked for patience, or another event came just before. */
  private async pollSoon(dueAt: number): Promise<void> {
    const earliestAt = this.hurry.earliestAt(this.notBefore, dueAt);
    if (Date.now() < earliestAt) {
      this.run.change({ nextPollAt: new Date(earliestAt).toISOString() });
      await condition(() => this.mustStop(), earliestAt - Date.now(), { summary: 'an event came: poll soon' });
    }
    this.hurry.begin(dueAt);
    this.run.woken = false;
  }

  private scheduledPolls(): number {
    return this.run.status.polls - this.hurry.polls;
  }

  private mustStop(): boolean {
    return this.run.isCancelled() && this.run.plan.onCancel === 'abandon';
  }

  private jobId(): string {
    return this.run.status.jobId ?? '';
  }

  /** The provider has never answered for a job that was adopted: nobody has shown that there is one. */
  private wasNeverSeen(): boolean {
    return this.run.adopts && this.run.status.providerStatus === null;
  }

  private lost(): ApplicationFailure {
    const what = `The provider does not know job ${this.jobId()} (404, ${LIMITS.missingInARow} in a row)`;
    if (this.wasNeverSeen()) {
      return failRun('VideoLost', `${what} under the key of this worker. Check the job id and OPENROUTER_API_KEY.`);
    }
    return failRun('VideoLost', `${what}. It may still be billed: ask the provider.`, this.adopt());
  }

  private exhausted(): ApplicationFailure {
    const { run } = this;
    const jobId = this.jobId();
    const last =
      this.lastProblem ?? `the provider last said ${run.status.providerStatus ?? 'nothing'}${this.patience()}`;
    const type: FailureType = this.lastDenial ?? 'PollingExhausted';
    return failRun(
      type,
      `Job ${jobId} was not finished after ${run.status.polls} polls, when its polling bound was met (${last.replace(/\.$/, '')}). It may still be billed.`,
      this.adopt(),
    );
  }

  /** Where that is why nobody asks it once more. */
  private patience(): string {
    return this.notBefore > this.deadlineAt ? ` and asks to wait until ${new Date(this.notBefore).toISOString()}` : '';
  }

  private adopt(): string {
    const { output, overwrite } = this.run.plan;
    return adoptCommand(this.jobId(), output, overwrite);
  }
}

/** What a job that goes on has cost so far is no bill yet. */
function billOf({ status, costUsd }: Job): number | null {
  return jobEnd(status) === undefined ? null : costUsd;
}

/** Other people's words may or may not end with a full stop. */
function asSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

const GOES_ON = 'The job goes on, and the next poll comes as scheduled.';
