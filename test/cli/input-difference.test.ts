import { expect, it } from 'vitest';
import { inputDifference } from '../../src/cli/input-difference.js';

const BEFORE = { request: { model: 'm', prompt: 'x' }, maxCostUsd: 0.5, output: 'a.mp4' };

it.each([
  ['nothing', { ...BEFORE }, null],
  ['what is not given', { ...BEFORE, request: { ...BEFORE.request, seed: undefined }, tenant: undefined }, null],
  ['the request', { ...BEFORE, request: { model: 'm', prompt: 'y' }, maxCostUsd: 1 }, 'another request'],
  ['the budget', { ...BEFORE, maxCostUsd: 1 }, 'the same request and a budget of $0.50'],
  ['the output', { ...BEFORE, output: 'b.mp4' }, 'the same request and another output'],
  [
    'budget and more',
    { request: BEFORE.request, tenant: 't' },
    'the same request and a budget of $0.50, another output, tenant',
  ],
])('tells in what two inputs differ: %s', (_what, now, difference) => {
  expect(inputDifference(BEFORE, now)).toBe(difference);
});

it('tells that there was no budget, and that another job was adopted', () => {
  const { request } = BEFORE;
  expect(inputDifference({ request }, { request, maxCostUsd: 1 })).toBe('the same request and no budget');
  expect(inputDifference({ jobId: 'a' }, { jobId: 'b' })).toBe('another request');
});
