import { expect, it } from 'vitest';
import { isUnbilled } from '../../src/contract/unbilled.js';

const REFUSED = {
  state: 'failed',
  jobId: null,
  submittedAt: null,
  costUsd: null,
  warnings: [] as string[],
  error: { type: 'SubmissionRejected', message: 'OpenRouter refused the request (400): no.' },
} as const;

function failedWith(type: string, message = 'It says so.'): Parameters<typeof isUnbilled>[0] {
  return { ...REFUSED, error: { type, message } };
}

function cancelledWith(message: string): Parameters<typeof isUnbilled>[0] {
  return { ...REFUSED, state: 'cancelled', error: { type: 'Cancelled', message } };
}

it.each([
  'InvalidRequest',
  'BudgetExceeded',
  'OutputConflict',
  'InsufficientCredits',
  'AuthenticationFailed',
  'StorageFailed',
])('is so of a run that ended as %s without a job', (type) => {
  expect(isUnbilled(failedWith(type))).toBe(true);
});

it.each([
  ['has a job', { ...REFUSED, jobId: 'job-1' }],
  ['has a job that nobody can name any more', { ...REFUSED, submittedAt: '2026-11-28T10:00:00.000Z' }],
  ['may have paid for another', { ...REFUSED, warnings: ['Also in doubt, and perhaps billed: the submit.'] }],
  ['goes on', { ...REFUSED, state: 'submitting' as const }],
  ['was abandoned', failedWith('SubmissionAbandoned', 'An operator abandoned the submit.')],
  ['was terminated', failedWith('Terminated')],
  ['ended nobody knows why', failedWith('Unexpected')],
  [
    'was reset',
    failedWith(
      'InvalidRequest',
      'No. The run before Temporal’s Reset may have submitted all the same: a job of it may be billed.',
    ),
  ],
  [
    'is in doubt',
    failedWith(
      'BudgetExceeded',
      'No. An earlier submit of this run is in doubt all the same: a job may exist and be billed.',
    ),
  ],
  [
    'was told of a job',
    failedWith('InvalidRequest', 'No. The provider told of job x; to save its video: longtake adopt x'),
  ],
  [
    'was cancelled in doubt',
    cancelledWith(
      'The run was cancelled. It is not known whether the provider accepted the job: one may exist and be billed.',
    ),
  ],
  [
    'was cancelled with such a reason',
    cancelledWith('The run was cancelled: Nothing was submitted, and nothing is billed.. This run submitted nothing.'),
  ],
])('is not so, or not known, of one that %s', (_what, status) => {
  expect(isUnbilled(status)).toBe(false);
});
