import { describe, expect, it } from 'vitest';
import { parseRetryAfter, secondsToMs } from '../../src/openrouter/retry-after.js';

const NOW = Date.parse('2026-11-22T07:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 120 ', 120_000],
    ['1.5', 1_500],
    ['99999999999999999999', DAY_MS],
    ['Sun, 22 Nov 2026 07:00:30 GMT', 30_000],
    ['Sunday, 22-Nov-26 07:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 06:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', DAY_MS],
    ['-5', null],
    ['', null],
    ['soon', null],
    ['1e3', null],
    ['2026-11-22', null],
    ['Sun, 99 Xyz 2026 07:00:30 GMT', null],
    [null, null],
  ])('of %j is %j ms', (header, expected) => {
    expect(parseRetryAfter(header, NOW)).toBe(expected);
  });

  it.each([
    [30, 30_000],
    [0, 0],
    [Number.POSITIVE_INFINITY, DAY_MS],
    [-1, null],
    [Number.NaN, null],
    ['30', null],
    [null, null],
  ])('in a body, of %j, is %j ms', (seconds, expected) => {
    expect(secondsToMs(seconds)).toBe(expected);
  });
});
