import { describe, expect, it } from 'vitest';
import { closedStatus } from '../../src/client/run-status.js';
import { STATUS_MEMO } from '../../src/contract/names.js';

const recorded = {
  ...{ state: 'generating', jobId: null, providerStatus: null, polls: 0, nextPollAt: null, submittedAt: null },
  ...{ completedAt: null, costUsd: null, estimatedCostUsd: null, assets: [], warnings: [], error: null },
};

function messageOf(name: 'TERMINATED' | 'TIMED_OUT', jobId: string | null): string | undefined {
  const memo = { [STATUS_MEMO]: { ...recorded, jobId } };
  return closedStatus({ memo, status: { name }, closeTime: new Date(0) }).error?.message;
}

describe.each(['TERMINATED', 'TIMED_OUT'] as const)('a run that Temporal closed as %s', (name) => {
  it('names the job it had, and ends with the command that gets the video', () => {
    expect(messageOf(name, "job'1")).toMatch(
      /Job job'1 may still be billed\. To get the paid video: longtake adopt 'job'\\''1'$/,
    );
  });

  it('names no command without a job', () => {
    expect(messageOf(name, null)).toMatch(/A job that was submitted may still be billed\.$/);
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
});
