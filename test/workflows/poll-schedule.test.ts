import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pollIntervalMs } from '../../src/workflows/poll-schedule.js';

const GUIDE = { initialIntervalMs: 10_000, backoffCoefficient: 1.25, maximumIntervalMs: 30_000 };

describe('the time to the next poll', () => {
  it('grows from the first interval to the longest one', () => {
    const middle = [0, 1, 2, 4, 5, 50].map((polls) => pollIntervalMs(GUIDE, polls, 0.5));
    expect(middle).toEqual([10_000, 12_500, 15_625, 24_414, 30_000, 30_000]);
  });

  it('is spread by ten percent either way', () => {
    expect(pollIntervalMs(GUIDE, 0, 0)).toBe(9_000);
    expect(pollIntervalMs(GUIDE, 0, 0.999_999)).toBe(11_000);
  });

  it('stays a usable timer for every schedule and every count', () => {
    const schedules = fc.record({
      initialIntervalMs: fc.double({ min: 0.001, max: 1e11, noNaN: true }),
      backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
      maximumIntervalMs: fc.double({ min: 0.001, max: 1e11, noNaN: true }),
    });
    fc.assert(
      fc.property(
        schedules,
        fc.nat(1e9),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (schedule, polls, random) => {
          const interval = pollIntervalMs(schedule, polls, random);
          expect(Number.isSafeInteger(interval)).toBe(true);
          expect(interval).toBeGreaterThanOrEqual(1);
          expect(interval).toBeLessThanOrEqual(Math.max(1, schedule.maximumIntervalMs * 1.1 + 1));
        },
      ),
    );
  });
});
