import { activityInfo, cancellationSignal, Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { askedToWait } from '../contract/asked-to-wait.js';
import { adoptOutputCommand, type SavedOutput } from '../contract/commands.js';
import { isFailureType, type FailureType } from '../contract/failures.js';
import { LIMITS } from '../contract/limits.js';
import type { Failure } from '../contract/types.js';
import type { Mp4Verdict } from '../media/mp4-probe.js';
import type { ContentAnswer } from '../openrouter/answers.js';
import { networkProblem } from '../openrouter/network-problem.js';
import { StorageError } from '../storage/port.js';
import { finalFailure, passingFailure } from './failures.js';
import { retryDelayMs } from './retry-time.js';
import { TooSlow } from './sender-pace.js';
import { BrokenOff, TooLarge } from './transfer.js';

const LEAST_PACE = `less than ${LIMITS.downloadWindowBytes} bytes in ${LIMITS.downloadWindowMs / 1000} s`;

type NotWhole = Extract<Mp4Verdict, { whole: false }>;

/** What can go wrong with a download, in the contract's words. */
export class DownloadFailures {
  /** @param retryAfterMs - what the provider's last answer asked to wait: whatever else went wrong, it is asked no sooner */
  constructor(
    private readonly input: SavedOutput,
    private readonly maxVideoBytes: number,
    private readonly retryAfterMs: () => number | null,
  ) {}

  /** @param missing - how many 404s and redirects to nowhere in a row there were, this answer included */
  noContent(answer: Exclude<ContentAnswer, { outcome: 'content' }>, missing: number): ApplicationFailure {
    switch (answer.outcome) {
      case 'gone':
        return this.final('DownloadFailed', `The provider does not hand out the video: ${answer.message}`);
      case 'denied':
        return this.passing(
          answer.httpStatus === 401 ? 'AuthenticationFailed' : 'PermissionDenied',
          `The key is refused while the video of job ${this.input.jobId} waits: ${answer.message} Mend the key and restart the worker.`,
        );
      case 'trouble':
        return this.passing('DownloadFailed', answer.message);
      case 'astray':
        return this.untilTries(
          'DownloadFailed',
          `The provider does not hand out the video of job ${this.input.jobId} (${missing} in a row): ${answer.message}`,
          missing < LIMITS.missingInARow,
        );
      case 'missing':
        return this.untilTries(
          'DownloadFailed',
          `The provider has no content for job ${this.input.jobId} (404, ${missing} in a row).`,
          missing < LIMITS.missingInARow,
        );
    }
  }

  cutOff(bytes: number, contentLength: number): ApplicationFailure {
    return this.passing('DownloadFailed', `The transfer was cut off: ${bytes} of ${contentLength} bytes came.`);
  }

  /** Without a length, the end of the connection is no different from its loss. */
  endsEarly(bytes: number, { reason }: NotWhole): ApplicationFailure {
    return this.passing('DownloadFailed', `The transfer was cut off: ${bytes} bytes came, and ${reason}.`);
  }

  endNotTold(bytes: number): ApplicationFailure {
    return this.passing(
      'DownloadFailed',
      `${bytes} bytes of video came, but nothing told that they were all: it is saved when the same come again.`,
    );
  }

  /** @param tries - how many complete answers were no video, this one included */
  invalid({ reason }: NotWhole, contentType: string | null, tries: number): ApplicationFailure {
    const type = contentType === null ? '' : ` It was sent as ${contentType}.`;
    return this.untilTries(
      'InvalidVideo',
      `What came for job ${this.input.jobId} is no whole video (${tries} of ${LIMITS.invalidVideos} tries): ${reason}.${type}`,
      tries < LIMITS.invalidVideos,
    );
  }

  notCountedOn(why: string): ApplicationFailure {
    return this.passing('DownloadFailed', `The video of job ${this.input.jobId} came, but the Temporal server ${why}.`);
  }

  /** Whatever the provider says then is no last word: the video may be saved. */
  unread(error: unknown): ApplicationFailure {
    const why = error instanceof Error ? error.message : String(error);
    return this.passing(
      'StorageFailed',
      `The video of job ${this.input.jobId} may be saved already, which could not be looked at: ${why}`,
    );
  }

  /** Of whatever was thrown on the way. */
  of(error: unknown): Error {
    if (error instanceof ApplicationFailure) return error;
    if (cancellationSignal().aborted) return this.ended(Context.current().cancellationSignal.reason);
    const subject = `The video of job ${this.input.jobId}`;
    if (error instanceof StorageError) {
      return this.passing('StorageFailed', `${subject} cannot be stored: ${error.message}`);
    }
    if (error instanceof TooLarge) {
      return this.final(
        'DownloadFailed',
        `${subject} is larger than LONGTAKE_MAX_VIDEO_BYTES (${this.maxVideoBytes}). Raise it and restart the worker.`,
      );
    }
    if (error instanceof TooSlow) {
      return this.passing('DownloadFailed', `${subject} came too slowly: ${LEAST_PACE}.`);
    }
    const problem = networkProblem(error instanceof BrokenOff ? error.cause : error);
    return this.passing('DownloadFailed', `The transfer of job ${this.input.jobId} broke off: ${problem}.`);
  }

  /** What another attempt should know of this one's failure, or `null`: then there is none, or it is not the download's fault. */
  problemOf(failure: Error): Failure | null {
    if (!(failure instanceof ApplicationFailure) || failure.nonRetryable === true) return null;
    if (cancellationSignal().aborted || !isFailureType(failure.type)) return null;
    return { type: failure.type, message: failure.message };
  }

  /** A cancel of the run ends as cancelled; a worker that shuts down makes room for another attempt. */
  private ended(reason: unknown): Error {
    const isShutdown = reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN';
    return isShutdown
      ? this.passing('DownloadFailed', 'The worker was stopped during the transfer; another attempt follows.')
      : new CancelledFailure('the download was cancelled');
  }

  private untilTries(type: FailureType, what: string, isLeft: boolean): ApplicationFailure {
    return isLeft ? this.passing(type, what) : this.final(type, what);
  }

  private passing(type: FailureType, what: string): ApplicationFailure {
    const retryAfterMs = this.retryAfterMs();
    const delayMs = retryDelayMs(activityInfo().attempt, retryAfterMs);
    return passingFailure(type, what + askedToWait(retryAfterMs), { delayMs });
  }

  private final(type: FailureType, what: string): ApplicationFailure {
    return finalFailure(type, what, adoptOutputCommand(this.input));
  }
}
