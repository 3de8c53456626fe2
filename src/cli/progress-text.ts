import type { RunStatus } from '../client/index.js';
import { bytes, cancelSuffix, clock } from './format.js';
import { plain } from './terminal.js';

export interface ProgressView {
  /** `null`: nothing was heard of the run yet. */
  readonly status: RunStatus | null;
  /** Since the run's start. */
  readonly elapsedMs: number;
  /** How long the run polls for, counted from its submit; `null` where that is not known. */
  readonly timeoutMs: number | null;
  readonly now: number;
  /** Of the download under way, `null` while it is not known. */
  readonly bytesPerSecond: number | null;
}

/** The run in one line, as long as it needs to be. */
export function progressText(view: ProgressView): string {
  const { status, elapsedMs, now, bytesPerSecond } = view;
  if (status === null) return `starting  ${clock(elapsedMs)}`;
  const time = pollingTime(status, view) ?? clock(elapsedMs);
  const parts = [`${status.state}${cancelSuffix(status)}  ${time}`, ...details(status, now, bytesPerSecond)];
  if (status.error !== null) parts.push(plain(status.error.message));
  return parts.join(' · ');
}

/** Since the submit, as the bound is. A job that a person named is polled for longer: its time begins with their answer. */
function pollingTime({ state, submittedAt }: RunStatus, { now, timeoutMs }: ProgressView): string | null {
  if (state !== 'generating' || submittedAt === null || timeoutMs === null) return null;
  const sinceMs = now - Date.parse(submittedAt);
  return sinceMs > timeoutMs ? null : `${clock(sinceMs)} of ${clock(timeoutMs)}`;
}

function details(status: RunStatus, now: number, bytesPerSecond: number | null): string[] {
  if (status.state === 'generating')
    return [`${status.polls} ${status.polls === 1 ? 'poll' : 'polls'}`, ...nextPoll(status, now)];
  if (status.transfer === null) return [];
  const { bytes: done, totalBytes } = status.transfer;
  const share =
    totalBytes === null || totalBytes === 0
      ? ''
      : ` of ${bytes(totalBytes)} (${Math.floor((100 * done) / totalBytes)} %)`;
  const rate = bytesPerSecond === null ? [] : [`${bytes(Math.round(bytesPerSecond))}/s`];
  return [`${bytes(done)}${share}`, ...rate];
}

function nextPoll({ nextPollAt }: RunStatus, now: number): string[] {
  if (nextPollAt === null) return [];
  const seconds = Math.ceil((Date.parse(nextPollAt) - now) / 1_000);
  return seconds > 0 ? [`next in ${seconds} s`] : ['polling'];
}

/** What a log wants to know of a status: one line, the same as long as nothing important has changed. */
export function changeText(status: RunStatus): string {
  const { jobId, error } = status;
  const state = `${status.state}${cancelSuffix(status)}`;
  const job = jobId === null ? '' : `  job ${plain(jobId)}`;
  return error === null ? `${state}${job}` : `${state}${job}: ${plain(error.message)}`;
}
