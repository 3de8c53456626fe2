import { ApplicationFailure, log, proxyActivities, TimeoutFailure, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { DownloadInput, DownloadProgress } from '../activities/download-video.js';
import { adoptOutputCommand } from '../contract/commands.js';
import { withCommand } from '../contract/failures.js';
import { LIMITS } from '../contract/limits.js';
import { downloadTaskQueue } from '../contract/names.js';
import { outputKeyOf } from '../contract/output-key.js';
import type { Failure, VideoAsset } from '../contract/types.js';
import { DISCARD, DOWNLOAD } from './activity-options.js';
import { cancelledRun } from './cancellation.js';
import { goesBy } from './changes.js';
import { differencesFrom } from './differences.js';
import { activityCause, contractType, endWith, failRun } from './failures.js';
import type { VideoRun } from './video-run.js';

const { downloadVideo } = proxyActivities<Pick<Activities, 'downloadVideo'>>({
  ...DOWNLOAD,
  startToCloseTimeout: '1h',
});
const { discardDownload } = proxyActivities<Pick<Activities, 'discardDownload'>>(DISCARD);

interface Unsaved {
  readonly key: string;
  readonly failure: ApplicationFailure;
}

/**
 * Saves every output of the finished job that is to be had, up to `LIMITS.outputs`.
 * @param listed - how many the provider lists
 */
export async function download(run: VideoRun, jobId: string, listed: number): Promise<void> {
  const outputs = Math.min(listed, LIMITS.outputs);
  const warnings = outputs < listed ? [leftOut(jobId, listed)] : [];
  logWarnings(warnings, jobId);
  run.enter('downloading', { warnings: [...run.status.warnings, ...warnings] });
  const unsaved: Unsaved[] = [];
  const left = Array.from({ length: outputs }, (_, index) => outputKeyOf(run.plan.output, index));
  for (let index = 0, key = left.shift(); key !== undefined; index++, key = left.shift()) {
    try {
      await saveOne(run, { jobId, index, key, overwrite: run.plan.overwrite });
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      unsaved.push({ key, failure: error });
      if (left.length > 0 && !isOfOneOutput(error)) break;
    }
  }
  const [first, ...others] = unsaved;
  if (first !== undefined) throw endOfSome(run, [first, ...others], left);
}

/** What may be of one output, while the others are as they should be. */
function isOfOneOutput(failure: ApplicationFailure): boolean {
  switch (contractType(failure)) {
    case 'DownloadFailed':
    case 'InvalidVideo':
      return goesBy('tries-every-output');
    case 'StorageFailed':
      return goesBy('tries-every-output-after-storage-failed');
    case 'AuthenticationFailed':
    case 'PermissionDenied':
      return goesBy('tries-every-output-after-a-refusal');
    default:
      return false;
  }
}

async function saveOne(run: VideoRun, input: DownloadInput): Promise<void> {
  const asset = await downloadOne(run, input, downloadTaskQueue(workflowInfo().taskQueue));
  const warnings = differencesFrom(run.input.request, asset);
  logWarnings(warnings, input.jobId);
  run.saved(asset, warnings);
}

function leftOut(jobId: string, listed: number): string {
  const first = LIMITS.outputs;
  return `The provider lists ${listed} videos; longtake saves the first ${first} of a job. The others are at GET /videos/${jobId}/content, from index=${first} on.`;
}

function logWarnings(warnings: readonly string[], jobId: string): void {
  for (const warning of warnings) log.warn(warning, { jobId });
}

/** The first one's end, with what became of each where there are several. */
function endOfSome(
  run: VideoRun,
  unsaved: readonly [Unsaved, ...Unsaved[]],
  notTried: readonly string[],
): ApplicationFailure {
  const { failure } = unsaved[0];
  const saved = run.status.assets.map(({ uri }) => uri).join(', ');
  const missing = unsaved.map(({ key, failure: { type } }) => `${key} (${type ?? 'Unexpected'})`).join(', ');
  const isOnly = saved === '' && unsaved.length + notTried.length === 1;
  const type = contractType(failure);
  if (isOnly || type === null) return failure;
  const each = [
    ...(saved === '' ? [] : [`Saved: ${saved}.`]),
    `Not saved: ${missing}.`,
    ...(notTried.length === 0 ? [] : [`Not tried: ${notTried.join(', ')}.`]),
  ];
  return endWith(type, [...each, failure.message].join(' '));
}

async function downloadOne(run: VideoRun, input: DownloadInput, taskQueue: string): Promise<VideoAsset> {
  const bound = run.plan.downloadMs;
  const options = {
    ...DOWNLOAD,
    taskQueue,
    startToCloseTimeout: bound,
    scheduleToCloseTimeout: bound,
    summary: `download ${input.key}`,
  };
  try {
    const asset = await run.untilCancelled(() => downloadVideo.executeWithOptions(options, [input]));
    if (isAsset(asset)) return asset;
    throw failRun(
      'DownloadFailed',
      `The download of job ${input.jobId} was ended in Temporal by somebody who gave no file.`,
      adoptOutputCommand(input),
    );
  } catch (error) {
    await discard(input, taskQueue);
    throw endOf(error, run, input);
  }
}

/** Whoever completes the activity by hand may give anything. */
function isAsset(result: Partial<Record<keyof VideoAsset, unknown>> | null): boolean {
  const { uri, bytes, sha256 } = result ?? {};
  return typeof uri === 'string' && typeof bytes === 'number' && typeof sha256 === 'string';
}

/** Best effort: a leftover that cannot be swept must not hide why the download ended. */
async function discard({ jobId, key }: DownloadInput, taskQueue: string): Promise<void> {
  const options = { ...DISCARD, taskQueue, summary: `sweep what is left of ${key}` };
  try {
    await discardDownload.executeWithOptions(options, [{ jobId, key }]);
  } catch (error) {
    if (activityCause(error) === null) throw error;
  }
}

function endOf(error: unknown, run: VideoRun, input: DownloadInput): unknown {
  const cause = activityCause(error);
  if (cause === null) return error;
  // An attempt that a cancel breaks off may end in trouble that another one could mend.
  const isBrokenOff = !(cause instanceof ApplicationFailure) || cause.nonRetryable !== true;
  if (run.isCancelled() && isBrokenOff) return cancelledRun(run);
  if (cause instanceof ApplicationFailure) return lastFailure(cause, input);
  if (cause.cause instanceof ApplicationFailure) return lastFailure(cause.cause, input);
  const before = cause instanceof TimeoutFailure ? problemBefore(cause) : undefined;
  if (before !== undefined) return outOfTime(before, input);
  return failRun(
    'DownloadFailed',
    `The video of job ${input.jobId} was not saved within timeouts.download: no worker finished it.`,
    adoptOutputCommand(input),
  );
}

/** The bound was met in the middle of an attempt, which could not say anything any more; the one before it could. */
function problemBefore({ lastHeartbeatDetails }: TimeoutFailure): Failure | undefined {
  return (lastHeartbeatDetails as Partial<DownloadProgress> | undefined)?.problem;
}

function lastFailure(failure: ApplicationFailure, input: DownloadInput): ApplicationFailure {
  const type = contractType(failure);
  if (type === null) {
    return failRun(
      'DownloadFailed',
      `The download of job ${input.jobId} failed: ${failure.message}`,
      adoptOutputCommand(input),
    );
  }
  if (failure.nonRetryable === true) return endWith(type, failure.message);
  return outOfTime({ type, message: failure.message }, input);
}

/** What another attempt could have mended has no command yet. */
function outOfTime({ type, message }: Failure, input: DownloadInput): ApplicationFailure {
  return endWith(
    type,
    withCommand(`timeouts.download leaves no time for another attempt. ${message}`, adoptOutputCommand(input)),
  );
}
