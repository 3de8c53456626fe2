import type { OpenRouter } from '../openrouter/answers.js';
import type { VideoStore } from '../storage/port.js';
import type { ModelCatalog } from './model-catalog.js';

/** The server has given this attempt up, or wants it to end: another may be under way, or have ended the run. */
export class AttemptOver extends Error {
  override readonly name = 'AttemptOver';
}

/** A run that has a job. */
export interface Owner extends RunRef {
  /**
   * By a request of its own, which is proof that no other run's led to it; or it saves a job that was there before. `unread`:
   * what it recorded cannot be read, and proves nothing.
   */
  readonly origin: 'submitted' | 'adopted' | 'unread';
  /** It may save the video yet, has saved it, or has ended without it. */
  readonly stands: 'open' | 'saved' | 'over';
}

/** What activities may ask of Temporal. The worker implements it, so that no activity holds a client. */
export interface TemporalPort {
  /**
   * Records heartbeat details of the running activity and resolves when the server has them. Rejects when it has not;
   * with `AttemptOver` when it counts on this attempt no more.
   */
  acknowledge(details: unknown): Promise<void>;
  /**
   * Tells a run that its paid request is about to leave; `attempt` is a name for this one try. Rejects when the server has
   * not taken it, or the run is closed.
   */
  announceSending(run: RunRef, attempt: string): Promise<void>;
  /** Whether the run has been told so since its submit was begun. Rejects when the run does not say. */
  mayHaveSent(run: RunRef): Promise<boolean>;
  /** Takes the announcement of that attempt back: no job came of it. With the provider's `Retry-After`, or `null`. */
  announceNoJob(run: RunRef, attempt: string, retryAfterMs: number | null): Promise<void>;
  /**
   * Whether nobody has cancelled the run: what the server accepted before this call is known to the answer. Rejects when the run
   * does not say.
   */
  isWanted(run: RunRef): Promise<boolean>;
  cancelRun(run: RunRef): Promise<void>;
  /**
   * Tells a run, or the one that a reset made of it, which job a submit of its own led to, when the activity's own answer came
   * too late. `false`: the run is closed. Rejects when the server has not taken it.
   */
  reportLateJob(run: RunRef, job: { readonly jobId: string; readonly status: string }): Promise<boolean>;
  /** Runs on this task queue that have this job, open or closed, as far as the server can tell. At most a hundred. */
  ownersOf(jobId: string): Promise<readonly Owner[]>;
  /** Whether a run is of the same start as another one under its id, such as one that a reset made of it. Rejects when the server does not say. */
  isOfOneStart(run: RunRef, other: RunRef): Promise<boolean>;
  /**
   * Whether a run may send a paid request. One that Temporal's Reset made may not, before somebody has answered it: what the
   * run before it paid for since is not in its history. `answer` is the id of the update by which somebody had the request
   * sent, `null` without one, `undefined` where the run does not say. Rejects when the server does not say.
   */
  mayPay(run: RunRef, answer: string | null | undefined): Promise<boolean>;
  /** Jobs of all runs of the same start as this one, open or closed, as far as the server can tell. At most ten. Rejects when it does not say. */
  jobsOf(run: RunRef): Promise<readonly string[]>;
}

export interface RunRef {
  readonly workflowId: string;
  readonly runId: string;
}

export interface ActivitySettings {
  /** Refuse a download beyond this many bytes. */
  readonly maxVideoBytes: number;
  /** Public base that reaches the webhook receiver, or `null`. */
  readonly webhookUrl: string | null;
  /** Whether the namespace has longtake's search attributes. */
  readonly searchAttributes: boolean;
}

export interface ActivityDeps {
  readonly openRouter: OpenRouter;
  readonly models: ModelCatalog;
  readonly store: VideoStore;
  readonly temporal: TemporalPort;
  readonly settings: ActivitySettings;
}
