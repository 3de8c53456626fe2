import { expect, it } from 'vitest';
import { costText } from '../../src/cli/report.js';

const SUBMITTED = '2026-11-28T10:00:00.000Z';
const OPEN = { state: 'generating' as const, submittedAt: SUBMITTED, warnings: [], error: null };

it('calls an amount simulated, but not that none is known', () => {
  const run = { ...OPEN, jobId: 'gen-vid-1-SIMULATED0' };
  expect(costText({ ...run, costUsd: 0.12, estimatedCostUsd: null })).toBe('$0.12, simulated');
  expect(costText({ ...run, costUsd: null, estimatedCostUsd: 0.12 })).toBe('not known (estimated $0.12), simulated');
  expect(costText({ ...run, costUsd: null, estimatedCostUsd: null })).toBe('not known');
});

it('says of a finished run that the provider did not tell its price', () => {
  const run = { ...OPEN, state: 'succeeded' as const, jobId: 'job-1', costUsd: null };
  expect(costText({ ...run, estimatedCostUsd: 0.12 })).toBe('not told by the provider (estimated $0.12)');
  expect(costText({ ...run, estimatedCostUsd: null })).toBe('not told by the provider');
});
