import { describe, expect, it } from 'vitest';
import { durationMs, schemas } from '../../src/contract/index.js';

const request = { model: 'google/veo-3.1-lite', prompt: 'x' };
const accepts = (input: unknown) => schemas.GenerateVideoInput.safeParse(input).success;

describe('GenerateVideoInput', () => {
  it.each([
    [{ request }],
    [{ request: { ...request, anything: { new: true } } }],
    [{ jobId: 'gen-vid-1' }],
    [
      {
        request,
        polling: { initialInterval: '500ms', maximumInterval: 1000, backoffCoefficient: 1, timeout: '2 hours' },
      },
    ],
    [{ request, maxCostUsd: 0, onCancel: 'settle', overwrite: true, output: 'a/b.mp4', timeouts: { submit: '1s' } }],
    [{ jobId: 'gen-vid-1', tenant: 'ACME, München' }],
  ])('takes %j', (input) => {
    expect(accepts(input)).toBe(true);
  });

  it.each([
    [{}],
    [{ request, jobId: 'both' }],
    [{ request: { prompt: 'no model' } }],
    [{ request: { ...request, duration: 4.5 } }],
    [{ request: { ...request, duration: '4' } }],
    [{ request: { ...request, callback_url: 'http://insecure.example' } }],
    [{ request, maxCost: 1 }],
    [{ request, maxCostUsd: -1 }],
    [{ request, maxCostUsd: Number.NaN }],
    [{ request, polling: { initialInterval: 'soon' } }],
    [{ request, polling: { initialInterval: '0s' } }],
    [{ request, polling: { initialInterval: '-1s' } }],
    [{ request, polling: { initialInterval: '1m', maximumInterval: '1s' } }],
    [{ request, polling: { maximumAttempts: 0 } }],
    [{ request, polling: { backoffCoefficient: 0.5 } }],
    [{ request, polling: { interval: '1s' } }],
    [{ request, onCancel: 'maybe' }],
    [{ request, tenant: '' }],
    [{ request, tenant: 'x'.repeat(201) }],
    [{ request, tenant: 'a\u0000b' }],
    [{ request, output: '../x' }],
    [{ jobId: '' }],
    [{ jobId: '..' }],
  ])('refuses %j', (input) => {
    expect(accepts(input)).toBe(false);
  });

  it('cannot be talked into polluting a prototype, and passes the key through as data', () => {
    const hostile = JSON.parse('{"request":{"model":"m","__proto__":{"polluted":true}}}') as unknown;
    schemas.GenerateVideoInput.safeParse(hostile);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2 hours', 7_200_000],
    [250, 250],
  ])('%j is %i ms', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });
});
