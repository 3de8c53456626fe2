import { describe, expect, it } from 'vitest';
import { watchSteps, type Step } from '../../src/workflows/query-ahead.js';

const step = (events: number, bytes: number, isAnswers = false): Step => ({ events, bytes, at: bytes, isAnswers });

/** What is said of each step. */
function told(...steps: readonly Step[]): boolean[] {
  return steps.map(watchSteps());
}

describe('steps of a run, of which the last', () => {
  it.each<[string, ...Step[]]>([
    ['is the first', step(3, 600)],
    ['is of the next task', step(3, 600), step(6, 900)],
    ['is of the same task', step(3, 600), step(3, 600)],
    ['comes after a task that ended too late', step(28, 600), step(31, 900)],
    ['comes after answers that were all refused', step(28, 600), step(33, 900, true), step(34, 950)],
    ['is of answers', step(28, 600), step(31, 900, true)],
    ['is of a server that tells no size', step(28, 0), { ...step(31, 0), at: 1 }],
  ])('%s, and of a task', (_what, ...steps) => {
    expect(told(...steps)).not.toContain(true);
  });

  it.each<[string, ...Step[]]>([
    ['is of a query that takes news along', step(24, 600), step(28, 600)],
    ['is of the task after a query took along one that came to nothing', step(24, 600), step(31, 900), step(32, 950)],
    ['is of the answers that come then', step(24, 600), step(31, 900), step(32, 950, true)],
  ])('%s, and is not taken', (_what, ...steps) => {
    expect(told(...steps).at(-1)).toBe(true);
  });
});
