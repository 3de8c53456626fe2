import { expect, it } from 'vitest';
import { inPlainWords } from '../../src/contract/issue-words.js';
import { describeIssues, generateVideoInput, resolveSubmission } from '../../src/contract/schemas.js';

const request = { model: 'm', prompt: 'x' };

it.each<[unknown, string]>([
  [{ request: { prompt: 'x' } }, 'request.model: is required'],
  [{ request: { ...request, prompt: 7 } }, 'request.prompt: must be a text'],
  [{ request: { ...request, duration: '4' } }, 'request.duration: must be a number'],
  [{ request: { ...request, duration: 4.5 } }, 'request.duration: must be a whole number'],
  [{ request: { ...request, duration: 0 } }, 'request.duration: must be at least 1'],
  [{ request: { ...request, generate_audio: 'no' } }, 'request.generate_audio: must be true or false'],
  [{ request: { ...request, frame_images: {} } }, 'request.frame_images: must be a list'],
  [{ request: [] }, 'request: must be an object'],
  [{ request, maxCost: 1 }, 'has what longtake does not know: "maxCost"'],
  [{ request, maxCostUsd: Number.NaN }, 'maxCostUsd: must be a number'],
  [{ request, onCancel: 'maybe' }, 'onCancel: must be "abandon" or "settle"'],
  [{ request, polling: { backoffCoefficient: 101 } }, 'polling.backoffCoefficient: must be at most 100'],
  [{ request, tenant: '' }, 'tenant: must not be empty'],
  [{ request, tenant: 'x'.repeat(201) }, 'tenant: must have at most 200 characters'],
  [
    { request, polling: { timeout: true } },
    'polling.timeout: must be a duration such as "500ms", "10s", "30m", or milliseconds, above zero and at most ten years',
  ],
])('says of %j in plain words what is allowed', (input, words) => {
  const { error } = generateVideoInput.safeParse(input, { error: inPlainWords });
  expect(error === undefined ? null : describeIssues(error)).toBe(words);
});

it('says which decisions there are', () => {
  const { error } = resolveSubmission.safeParse({ action: 'guess' }, { error: inPlainWords });
  expect(error === undefined ? null : describeIssues(error)).toBe('action: must be "adopt" or "resubmit" or "abandon"');
});
