import { describe, expect, it } from 'vitest';
import { closedStatus } from '../../src/client/run-status.js';
import { OUTPUT_MEMO, STATUS_MEMO } from '../../src/contract/names.js';
import type { VideoStatus } from '../../src/contract/types.js';

const recorded = {
  ...{ state: 'generating', jobId: null, providerStatus: null, polls: 0, nextPollAt: null, submittedAt: null },
  ...{ completedAt: null, costUsd: null, estimatedCostUsd: null, assets: [], warnings: [], error: null },
};

function messageOf(name: 'TERMINATED' | 'TIMED_OUT', last: Partial<VideoStatus>, more = {}): string | undefined {
  const memo = { [STATUS_MEMO]: { ...recorded, ...last }, ...more };
  return closedStatus({ memo, status: { name }, closeTime: new Date(0) }).error?.message;
}

describe.each(['TERMINATED', 'TIMED_OUT'] as const)('a run that Temporal closed as %s', (name) => {
  it('names the job it had, and ends with the command that gets the video', () => {
    expect(messageOf(name, { jobId: "job'1" })).toMatch(
      /Job job'1 may still be billed\. To get the paid video: longtake adopt 'job'\\''1'$/,
    );
  });

  it('keeps the key that the video was to have, and what a question said', () => {
    const error = { type: 'SubmissionUnknown', message: 'The provider told of job x.' };
    const more = { [OUTPUT_MEMO]: 'a/b.mp4' };
    expect(messageOf(name, { jobId: 'job-1' }, more)).toMatch(/longtake adopt --output a\/b\.mp4 job-1$/);
    expect(messageOf(name, { state: 'awaiting_decision', error }, more)).toMatch(
      / It said: The provider told of job x\. .*: longtake adopt --output a\/b\.mp4 JOB_ID$/,
    );
  });

  it('names no command without a job', () => {
    expect(messageOf(name, {})).toMatch(/A job that was submitted may still be billed\.$/);
  });

  it.each(['submitting', 'awaiting_decision'] as const)('says that a job may exist where it was %s', (state) => {
    expect(messageOf(name, { state })).toMatch(
      /a job may exist at the provider and be billed\. Before you start another run, .*: longtake adopt JOB_ID$/,
    );
  });
});

describe('a closed run whose record says nothing of its end', () => {
  it.each([
    ['COMPLETED', 'succeeded'],
    ['FAILED', 'failed'],
    ['CANCELLED', 'cancelled'],
  ] as const)('is shown as Temporal closed it: %s', (name, state) => {
    for (const memo of [{}, { [STATUS_MEMO]: 'odd' }, { [STATUS_MEMO]: recorded }]) {
      expect(closedStatus({ memo, status: { name }, closeTime: new Date(0) })).toMatchObject({
        state,
        completedAt: '1970-01-01T00:00:00.000Z',
      });
    }
  });

  it('keeps what a cancelled run said that the server would not end as Canceled', () => {
    const error = { type: 'Cancelled', message: 'The run was cancelled. To save its video after all: …' };
    const memo = { [STATUS_MEMO]: { ...recorded, state: 'cancelled', error } };
    const status = closedStatus({ memo, status: { name: 'FAILED' }, closeTime: new Date(0) });
    expect(status).toMatchObject({ state: 'failed', error });
  });
});
