import { activityInfo, cancellationSignal, heartbeat, log, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { LIMITS } from '../contract/limits.js';
import { siblingKey } from '../contract/output-key.js';
import type { Failure, VideoAsset } from '../contract/types.js';
import type { Mp4Verdict } from '../media/mp4-probe.js';
import type { ContentAnswer, Continuation } from '../openrouter/answers.js';
import { networkProblem } from '../openrouter/network-problem.js';
import { NotDurable, type StorageError, type StoredVideo, type VideoWrite, type WriteOwner } from '../storage/port.js';
import { askAgainAfterMs, LONGEST_PAUSE_MS } from './ask-again.js';
import type { ActivityDeps } from './deps.js';
import { DownloadFailures } from './download-failures.js';
import { ResumePause } from './resume-pause.js';
import { stillCountedOn } from './still-counted-on.js';
import { BrokenOff, TooLarge, Transfer, type Transferred, type TransferOptions } from './transfer.js';

export interface DownloadInput {
  readonly jobId: string;
  /** Which output of the job, from 0. */
  readonly index: number;
  readonly key: string;
  readonly overwrite: boolean;
}

/** Heartbeat details: progress for people, and what the next attempt must know of this one. */
export interface DownloadProgress {
  readonly bytes: number;
  readonly totalBytes: number | null;
  /** 404s, and redirects that must not be followed, in a row. */
  readonly missing: number;
  /** Complete answers that were no whole video. */
  readonly invalid: number;
  /** sha256 of a whole video that came in an answer of which HTTP did not tell the end. */
  readonly cameOnce?: string;
  /** What ended the last attempt: it is the reason when `timeouts.download` runs out in the middle of the next. */
  readonly problem?: Failure;
  /** Set when the file is whole and about to get its final name. */
  readonly finished?: VideoAsset;
}

const NO_PROGRESS: DownloadProgress = { bytes: 0, totalBytes: null, missing: 0, invalid: 0 };
const HEARTBEAT_EVERY_MS = 5_000;
const PROGRESS_EVERY_MS = 500;
/** Workers send heartbeats on within 24 s. */
const CANCEL_COMES_MS = 30_000;

/** @param pause - waits so many milliseconds, or less when the activity is cancelled */
export function createDownloadVideo(deps: ActivityDeps, pause: (ms: number) => Promise<void> = sleep) {
  /** One output of a finished job, from the provider into the storage: whole, checked, and under its name, or not at all. */
  return async function downloadVideo(input: DownloadInput): Promise<VideoAsset> {
    const attempt = new DownloadAttempt(deps, input, pause);
    try {
      return (await attempt.findFinished()) ?? (await attempt.run());
    } catch (error) {
      throw await attempt.failed(error);
    } finally {
      attempt.end();
    }
  };
}

export function createDiscardDownload({ store }: ActivityDeps) {
  /** Sweeps what a download that was given up may have left behind; finished files stay. */
  return async function discardDownload({ jobId, key }: Pick<DownloadInput, 'jobId' | 'key'>): Promise<void> {
    await store.sweep(key, ownerOf(jobId));
  };
}

function ownerOf(jobId: string): WriteOwner {
  const { workflowId = '', runId = '' } = activityInfo().workflowExecution ?? {};
  return { workflowId, runId, jobId };
}

function warnOfLeftover(error: unknown): void {
  log.warn('what an attempt before left could not be swept', { error });
}

type Content = Extract<ContentAnswer, { outcome: 'content' }>;

class DownloadAttempt {
  private readonly failures: DownloadFailures;
  private progress: DownloadProgress;
  /** Of the provider's last answer. */
  private retryAfterMs: number | null = null;
  private reportedAt = Number.NEGATIVE_INFINITY;
  /** What kept it from knowing whether the video is saved already. */
  private unread: unknown = null;
  private readonly beat: NodeJS.Timeout;

  constructor(
    private readonly deps: ActivityDeps,
    private readonly input: DownloadInput,
    private readonly pause: (ms: number) => Promise<void>,
  ) {
    this.failures = new DownloadFailures(input, deps.settings.maxVideoBytes, () => this.retryAfterMs);
    const before = activityInfo().heartbeatDetails as Partial<DownloadProgress> | undefined;
    this.progress = { ...NO_PROGRESS, ...before, bytes: 0 };
    this.beat = setInterval(() => {
      heartbeat(this.progress);
    }, HEARTBEAT_EVERY_MS);
  }

  end(): void {
    clearInterval(this.beat);
  }

  /** An attempt that died between the file's final name and its report left the file: it is the result. */
  async findFinished(): Promise<VideoAsset | null> {
    const { finished } = this.progress;
    if (finished === undefined) return null;
    for (const key of [finished.key, siblingKey(finished.key, this.input.jobId)]) {
      const found = await this.find(key, finished.bytes);
      if (found?.sha256 !== finished.sha256) continue;
      await this.sweep();
      return { ...finished, key: found.key, uri: found.uri };
    }
    return null;
  }

  /** What cannot be read is perhaps not the video, which comes again then, and goes beside it. */
  private async find(key: string, bytes: number): Promise<StoredVideo | null> {
    const signal = cancellationSignal();
    try {
      return await this.deps.store.find(key, { bytes, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NotDurable) throw error;
      log.warn('what an attempt before may have finished could not be read', { key, error });
      this.unread = error;
      return null;
    }
  }

  /** A death in the middle of publishing leaves the file under both its names. */
  private async sweep(): Promise<void> {
    await this.deps.store.sweep(this.input.key, ownerOf(this.input.jobId)).catch(warnOfLeftover);
  }

  async run(): Promise<VideoAsset> {
    const { store } = this.deps;
    const answer = await this.begin();
    let write: VideoWrite | null = null;
    try {
      this.refuseBeyondCap(answer.contentLength);
      const { key, jobId, overwrite } = this.input;
      const onTrouble = this.tellOfTrouble.bind(this);
      write = await store.open(key, { owner: ownerOf(jobId), overwrite, onLeftover: warnOfLeftover, onTrouble });
      const transferred = await this.receive(answer, write);
      return await this.publish(write, transferred, answer);
    } finally {
      answer.body.destroy();
      await write?.discard();
    }
  }

  async failed(error: unknown): Promise<Error> {
    const failed = this.failures.of(error);
    const isLastWord = failed instanceof ApplicationFailure && failed.nonRetryable === true;
    const failure = isLastWord && this.unread !== null ? this.failures.unread(this.unread) : failed;
    const problem = this.failures.problemOf(failure);
    if (problem !== null) await this.remember({ ...this.progress, problem });
    return failure;
  }

  private async ask(continues?: Continuation): Promise<ContentAnswer> {
    const { jobId, index } = this.input;
    const answer = await this.deps.openRouter.content(jobId, index, { signal: cancellationSignal(), continues });
    this.retryAfterMs = answer.outcome === 'gone' ? null : answer.retryAfterMs;
    return answer;
  }

  private async begin(): Promise<Content> {
    const answer = await this.ask();
    if (answer.outcome !== 'content') throw await this.noContent(answer);
    this.progress = { ...this.progress, missing: 0, totalBytes: answer.contentLength };
    return answer;
  }

  /** The rest of a transfer that broke off. What keeps breaking it is worth more to a person than that it was not continued. */
  private async goOn(continues: Continuation, brokenBy: string): Promise<Content> {
    const answer = await this.askForRest(continues);
    if (answer.outcome === 'content') return answer;
    const why = `The transfer broke off after ${continues.from} bytes (${brokenBy}).`;
    throw await this.noContent(
      answer.outcome === 'trouble' ? { ...answer, message: `${why} ${answer.message}` } : answer,
    );
  }

  /** A provider that is away for seconds must not cost a long transfer. */
  private async askForRest(continues: Continuation): Promise<ContentAnswer> {
    const endsAt = performance.now() + LIMITS.downloadIdleMs;
    for (let asked = 1; ; asked++) {
      const answer = await this.ask(continues);
      const waitMs = askAgainAfterMs(answer, asked);
      if (waitMs === null || performance.now() + waitMs > endsAt) return answer;
      cancellationSignal().throwIfAborted();
      await this.pause(waitMs);
    }
  }

  /** To the end of the file, over as many streams as it takes, as long as each of them brings something. */
  private async receive({ body, file }: Content, write: VideoWrite): Promise<Transferred> {
    const transfer = new Transfer(write, this.transferOptions());
    const resumePause = new ResumePause();
    for (let stream = body; ;) {
      const from = transfer.bytes;
      try {
        await transfer.take(stream);
        return transfer.finish();
      } catch (error) {
        if (!(error instanceof BrokenOff) || file === null || transfer.bytes === from) throw error;
        cancellationSignal().throwIfAborted();
        const pauseMs = Math.max(resumePause.after(transfer.bytes - from), this.retryAfterMs ?? 0);
        if (pauseMs > LONGEST_PAUSE_MS) throw error;
        const problem = networkProblem(error.cause);
        log.info('a transfer broke off and goes on', { bytes: transfer.bytes, problem });
        await this.pause(pauseMs);
        stream = (await this.goOn({ file, from: transfer.bytes }, problem)).body;
      }
    }
  }

  private transferOptions(): TransferOptions {
    return {
      maxBytes: this.deps.settings.maxVideoBytes,
      leastPace: { windowMs: LIMITS.downloadWindowMs, windowBytes: LIMITS.downloadWindowBytes },
      onProgress: (bytes) => {
        this.report(bytes);
      },
    };
  }

  private async publish(write: VideoWrite, transferred: Transferred, answer: Content): Promise<VideoAsset> {
    const { bytes, sha256, verdict } = transferred;
    const { contentLength, endIsTold } = answer;
    cancellationSignal().throwIfAborted();
    if (contentLength !== null && contentLength !== bytes) {
      throw this.failures.cutOff(bytes, contentLength);
    }
    if (!verdict.whole) throw await this.invalid(verdict, bytes, answer);
    if (!endIsTold) await this.mustComeTwice(bytes, sha256);
    const asset = { key: this.input.key, uri: '', bytes, sha256, contentType: 'video/mp4', ...mediaFacts(verdict) };
    await this.claim({ ...this.progress, bytes, finished: asset });
    const stored = await this.untilEnded(write, () => write.publish({ bytes, sha256 }));
    return { ...asset, key: stored.key, uri: stored.uri };
  }

  /** An upload may take long: a cancel, a time-out and the worker's end reach it as they reach the transfer. */
  private async untilEnded(write: VideoWrite, work: () => Promise<StoredVideo>): Promise<StoredVideo> {
    const signal = cancellationSignal();
    const end = (): void => void write.discard();
    signal.addEventListener('abort', end, { once: true });
    try {
      return await work();
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** The connection's end may have cut off whole fragments or a last box, of which no file tells: the same bytes again do. */
  private async mustComeTwice(bytes: number, sha256: string): Promise<void> {
    if (this.progress.cameOnce === sha256) return;
    await this.remember({ ...this.progress, cameOnce: sha256 });
    throw this.failures.endNotTold(bytes);
  }

  /** It may pass, but may also last until this attempt's time is over, and then it is the reason. */
  private tellOfTrouble(error: StorageError): void {
    log.warn('the storage is in trouble while a video waits for it; it is asked again', { error });
    const problem = this.failures.problemOf(this.failures.of(error));
    if (problem === null || problem.message === this.progress.problem?.message) return;
    void this.remember({ ...this.progress, problem });
  }

  /** Only the attempt that counts may publish: a late one would replace what its successor has saved. */
  private async claim(progress: DownloadProgress): Promise<void> {
    this.progress = progress;
    heartbeat(progress);
    const standing = await stillCountedOn(this.deps.temporal, progress);
    if (standing === 'counted_on') return;
    // The worker's own heartbeat is told as well, and of a cancel: then this ends as a cancel does at any other moment.
    if (standing === 'over') await sleep(CANCEL_COMES_MS);
    const why = standing === 'over' ? 'counts on this attempt no more' : 'could not be reached for two minutes';
    throw this.failures.notCountedOn(why);
  }

  /** Counts live in heartbeat details, acknowledged before the failure, since attempts lost to dead workers must not count. */
  private async remember(progress: DownloadProgress): Promise<void> {
    this.progress = progress;
    heartbeat(progress);
    await this.deps.temporal.acknowledge(progress).catch((error: unknown) => {
      log.warn('the server did not confirm a heartbeat', { error });
    });
  }

  private report(bytes: number): void {
    this.progress = { ...this.progress, bytes };
    const now = performance.now();
    if (now - this.reportedAt < PROGRESS_EVERY_MS) return;
    this.reportedAt = now;
    heartbeat(this.progress);
  }

  private refuseBeyondCap(contentLength: number | null): void {
    if (contentLength !== null && contentLength > this.deps.settings.maxVideoBytes) throw new TooLarge();
  }

  private async noContent(answer: Exclude<ContentAnswer, Content>): Promise<ApplicationFailure> {
    const isMissing = answer.outcome === 'missing' || answer.outcome === 'astray';
    const missing = isMissing ? this.progress.missing + 1 : 0;
    if (missing !== this.progress.missing) await this.remember({ ...this.progress, missing });
    return this.failures.noContent(answer, missing);
  }

  private async invalid(
    verdict: Extract<Mp4Verdict, { whole: false }>,
    bytes: number,
    { contentType, endIsTold }: Content,
  ): Promise<ApplicationFailure> {
    if (!endIsTold && verdict.endsEarly) return this.failures.endsEarly(bytes, verdict);
    const invalid = this.progress.invalid + 1;
    await this.remember({ ...this.progress, invalid });
    return this.failures.invalid(verdict, contentType, invalid);
  }
}

function mediaFacts(
  verdict: Extract<Mp4Verdict, { whole: true }>,
): Pick<VideoAsset, 'durationSeconds' | 'width' | 'height'> {
  return {
    durationSeconds: verdict.durationSeconds,
    width: verdict.width === null ? null : Math.round(verdict.width),
    height: verdict.height === null ? null : Math.round(verdict.height),
  };
}
