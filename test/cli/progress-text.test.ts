import { expect, it } from 'vitest';
import { changeText, progressText, type ProgressView } from '../../src/cli/progress-text.js';
import type { RunStatus } from '../../src/client/index.js';

const NOW = Date.parse('2026-11-22T07:00:30.000Z');

const waiting: RunStatus = {
  ...{ workflowId: 'a', runId: 'r', state: 'generating', jobId: 'job-1', providerStatus: 'in_progress', polls: 2 },
  ...{ nextPollAt: '2026-11-22T07:00:42.000Z', submittedAt: null, completedAt: null, costUsd: null },
  ...{ estimatedCostUsd: 0.12, assets: [], warnings: [], error: null, transfer: null, cancelRequested: false },
};

function shown(status: RunStatus | null, known: Partial<ProgressView> = {}): string {
  return progressText({ status, elapsedMs: 65_000, timeoutMs: null, now: NOW, bytesPerSecond: null, ...known });
}

it('shows how long it has been, how often was polled and when next', () => {
  expect(shown(waiting)).toBe('generating  1:05 · 2 polls · next in 12 s');
  expect(shown({ ...waiting, polls: 1, nextPollAt: '2026-11-22T07:00:29.000Z' })).toBe(
    'generating  1:05 · 1 poll · polling',
  );
});

it('shows since the submit how much is gone of the time that the job has', () => {
  const known = { timeoutMs: 30 * 60_000 };
  const submitted = { ...waiting, submittedAt: '2026-11-22T06:59:26.000Z' };
  expect(shown(submitted, known)).toBe('generating  1:04 of 30:00 · 2 polls · next in 12 s');
  expect(shown(submitted, { timeoutMs: 60_000 })).toBe('generating  1:05 · 2 polls · next in 12 s');
  expect(shown(submitted)).toBe('generating  1:05 · 2 polls · next in 12 s');
  expect(shown(waiting, known)).toBe('generating  1:05 · 2 polls · next in 12 s'); // adopted: submitted at an unknown time
  expect(shown({ ...submitted, state: 'downloading' }, known)).toBe('downloading  1:05');
});

it('shows how much of the video has come, and how fast', () => {
  const downloading: RunStatus = {
    ...waiting,
    state: 'downloading',
    transfer: { bytes: 1_200_000, totalBytes: 4_800_000 },
  };
  expect(shown(downloading, { bytesPerSecond: 800_000 })).toBe(
    'downloading  1:05 · 1.2 MB of 4.8 MB (25 %) · 800.0 kB/s',
  );
  expect(shown({ ...downloading, transfer: { bytes: 900, totalBytes: null } })).toBe('downloading  1:05 · 900 B');
});

it('shows the last problem, without what could move the cursor', () => {
  const troubled: RunStatus = {
    ...waiting,
    error: { type: 'ProviderUnavailable', message: 'a\u001b[31mb\r\n\u202ec\u2066' },
  };
  expect(shown(troubled)).toBe('generating  1:05 · 2 polls · next in 12 s · ab  c');
});

it('says that it is starting until the run is heard of', () => {
  expect(shown(null)).toBe('starting  1:05');
});

it('tells a log nothing new for one more poll, but for a problem', () => {
  expect(changeText({ ...waiting, polls: 3 })).toBe(changeText(waiting));
  expect(changeText({ ...waiting, error: { type: 'ProviderUnavailable', message: 'busy' } })).toBe(
    'generating  job job-1: busy',
  );
});

it('shows that a cancel waits, on a terminal and in a log', () => {
  const cancelled: RunStatus = { ...waiting, cancelRequested: true };
  expect(shown(cancelled)).toBe('generating, cancel requested  1:05 · 2 polls · next in 12 s');
  expect(changeText(cancelled)).toBe('generating, cancel requested  job job-1');
  expect(changeText(waiting)).toBe('generating  job job-1');
});
