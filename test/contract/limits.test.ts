import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { DEFAULT_POLLING, DEFAULT_TIMEOUTS, LIMITS } from '../../src/contract/limits.js';

/** What users were promised, as numbers: whoever changes one of them changes the contract. */

it('the fixed limits are those of the contract', () => {
  expect(LIMITS).toMatchObject({
    connectMs: 10_000,
    submitAnswerMs: 60_000,
    pollAnswerMs: 15_000,
    modelsAnswerMs: 15_000,
    downloadIdleMs: 60_000,
    missingInARow: 5,
    invalidVideos: 3,
    contentRedirects: 5,
    webhookBytes: 65_536,
    webhookAgeSeconds: 300,
  });
});

it('so is what holds where the caller says nothing', () => {
  expect(DEFAULT_POLLING).toEqual({
    initialInterval: '10s',
    backoffCoefficient: 1.25,
    maximumInterval: '30s',
    maximumAttempts: 60,
    timeout: '30m',
  });
  expect(DEFAULT_TIMEOUTS).toEqual({ submit: '10m', download: '1h' });
  expect(loadConfig({}).maxVideoBytes).toBe(4_294_967_296);
});
