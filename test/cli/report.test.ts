import { expect, it } from 'vitest';
import { costText } from '../../src/cli/report.js';

it('calls an amount simulated, but not that none is known', () => {
  const jobId = 'gen-vid-1-SIMULATED0';
  expect(costText({ jobId, costUsd: 0.12, estimatedCostUsd: null })).toBe('$0.12, simulated');
  expect(costText({ jobId, costUsd: null, estimatedCostUsd: 0.12 })).toBe('not known (estimated $0.12), simulated');
  expect(costText({ jobId, costUsd: null, estimatedCostUsd: null })).toBe('not known');
});
