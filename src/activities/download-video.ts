import { activityInfo, cancellationSignal, Context, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { adoptCommand } from '../contract/commands.js';
import type { FailureType } from '../contract/failures.js';
import { LIMITS } from '../contract/limits.js';
import { siblingKey } from '../contract/output-key.js';
import type { VideoAsset } from '../contract/types.js';
import type { Mp4Verdict } from '../media/mp4-probe.js';
import type { ContentAnswer } from '../openrouter/answers.js';
import { networkProblem } from '../openrouter/network-problem.js';
import { StorageError, type StoredVideo, type VideoWrite, type WriteOwner } from '../storage/port.js';
import type { ActivityDeps } from './deps.js';
import { finalFailure, passingFailure } from './failures.js';
import { retryDelayMs } from './retry-time.js';
import { TooLarge, transfer, type Transferred } from './transfer.js';

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
  /** 404s in a row. */
  readonly missing: number;
  /** Complete answers that were no whole video. */
  readonly invalid: number;
  /** Set when the file is whole and about to get its final name. */
  readonly finished?: VideoAsset;
}

const NO_PROGRESS: DownloadProgress = { bytes: 0, totalBytes: null, missing: 0, invalid: 0 };
const HEARTBEAT_EVERY_MS = 5_000;
const PROGRESS_EVERY_MS = 500;

export function createDownloadVideo(deps: ActivityDeps) {
  /** One output of a finished job, from the provider into the storage: whole, checked, and under its name, or not at all. */
  return async function downloadVideo(input: DownloadInput): Promise<VideoAsset> {
    const attempt = new DownloadAttempt(deps, input);
    try {
      return (await attempt.findFinished()) ?? (await attempt.run());
    } catch (error) {
      throw attempt.failureOf(error);
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

class DownloadAttempt {
  private progress: DownloadProgress;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private readonly beat: NodeJS.Timeout;

  constructor(
    private readonly deps: ActivityDeps,
    private readonly input: DownloadInput,
  ) {
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
      const found = await this.deps.store.find(key);
      if (found?.sha256 === finished.sha256) return { ...finished, key: found.key, uri: found.uri };
    }
    return null;
  }

  async run(): Promise<VideoAsset> {
    const { openRouter, store } = this.deps;
    const answer = await openRouter.content(this.input.jobId, this.input.index, { signal: cancellationSignal() });
    if (answer.outcome !== 'content') throw await this.noContent(answer);
    let write: VideoWrite | null = null;
    try {
      this.refuseBeyondCap(answer.contentLength);
      write = await store.open(this.input.key, { owner: ownerOf(this.input.jobId), overwrite: this.input.overwrite });
      const transferred = await this.receive(answer, write);
      return await this.publish(write, transferred, answer);
    } finally {
      answer.body.destroy();
      await write?.discard();
    }
  }

  private async receive(
    answer: Extract<ContentAnswer, { outcome: 'content' }>,
    write: VideoWrite,
  ): Promise<Transferred> {
    this.progress = { ...this.progress, missing: 0, totalBytes: answer.contentLength };
    return await transfer(answer.body, write, {
      maxBytes: this.deps.settings.maxVideoBytes,
      onProgress: (bytes) => {
        this.report(bytes);
      },
    });
  }

  private async publish(
    write: VideoWrite,
    { bytes, sha256, verdict }: Transferred,
    { contentLength, contentType }: Extract<ContentAnswer, { outcome: 'content' }>,
  ): Promise<VideoAsset> {
    cancellationSignal().throwIfAborted();
    if (contentLength !== null && contentLength !== bytes) {
      throw this.passing('DownloadFailed', `The transfer was cut off: ${bytes} of ${contentLength} bytes came.`);
    }
    if (!verdict.whole) throw await this.invalid(verdict, contentType);
    const asset = { key: this.input.key, uri: '', bytes, sha256, contentType: 'video/mp4', ...mediaFacts(verdict) };
    await this.remember({ ...this.progress, bytes, finished: asset });
    const stored: StoredVideo = await write.publish({ bytes, sha256 });
    return { ...asset, key: stored.key, uri: stored.uri };
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

  private async noContent(answer: Exclude<ContentAnswer, { outcome: 'content' }>): Promise<ApplicationFailure> {
    switch (answer.outcome) {
      case 'gone':
        return this.final('DownloadFailed', `The provider does not hand out the video: ${answer.message}`);
      case 'denied':
        return this.passing(
          answer.httpStatus === 401 ? 'AuthenticationFailed' : 'PermissionDenied',
          `The key is refused while the video of job ${this.input.jobId} waits: ${answer.message} Mend the key and restart the worker.`,
        );
      case 'trouble':
        return this.passing('DownloadFailed', answer.message, answer.retryAfterMs);
      case 'missing': {
        const missing = this.progress.missing + 1;
        await this.remember({ ...this.progress, missing });
        const what = `The provider has no content for job ${this.input.jobId} (404, ${missing} in a row).`;
        return missing < LIMITS.missingInARow
          ? this.passing('DownloadFailed', what)
          : this.final('DownloadFailed', what);
      }
    }
  }

  private async invalid(
    verdict: Extract<Mp4Verdict, { whole: false }>,
    contentType: string | null,
  ): Promise<ApplicationFailure> {
    const invalid = this.progress.invalid + 1;
    await this.remember({ ...this.progress, invalid });
    const type = contentType === null ? '' : ` It was sent as ${contentType}.`;
    const what = `What came for job ${this.input.jobId} is no whole video (${invalid} of ${LIMITS.invalidVideos} tries): ${verdict.reason}.${type}`;
    return invalid < LIMITS.invalidVideos ? this.passing('InvalidVideo', what) : this.final('InvalidVideo', what);
  }

  /** Whatever went wrong, in the contract's words. */
  failureOf(error: unknown): Error {
    if (error instanceof ApplicationFailure) return error;
    if (cancellationSignal().aborted)
      return cancelledBy(Context.current().cancellationSignal.reason, () => this.stopped());
    if (error instanceof StorageError) {
      return this.passing('StorageFailed', `The video of job ${this.input.jobId} cannot be stored: ${error.message}`);
    }
    if (error instanceof TooLarge) {
      return this.final(
        'DownloadFailed',
        `The video of job ${this.input.jobId} is larger than LONGTAKE_MAX_VIDEO_BYTES (${this.deps.settings.maxVideoBytes}). Raise it and restart the worker.`,
      );
    }
    return this.passing(
      'DownloadFailed',
      `The transfer of job ${this.input.jobId} broke off: ${networkProblem(error)}.`,
    );
  }

  private stopped(): Error {
    return this.passing('DownloadFailed', 'The worker was stopped during the transfer; another attempt follows.');
  }

  private passing(type: FailureType, what: string, retryAfterMs: number | null = null): ApplicationFailure {
    return passingFailure(type, what, {
      command: adoptCommand(this.input.jobId, this.input.key),
      delayMs: retryDelayMs(activityInfo().attempt, retryAfterMs),
    });
  }

  private final(type: FailureType, what: string): ApplicationFailure {
    return finalFailure(type, what, adoptCommand(this.input.jobId, this.input.key));
  }
}

/** A cancel of the run ends as cancelled; a worker that shuts down makes room for another attempt. */
function cancelledBy(reason: unknown, onShutdown: () => Error): Error {
  const shutdown = reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN';
  return shutdown ? onShutdown() : new CancelledFailure('the download was cancelled');
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
