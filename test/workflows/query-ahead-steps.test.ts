import { describe, expect, it } from 'vitest';
import { LocalActivities, type Job } from '../../src/workflows/local-activities.js';
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

describe('the steps of a run with local activities, of which the last', () => {
  const ofActivity = (isLocal: boolean): Job => ({ resolveActivity: { isLocal } });
  const news = { cancelWorkflow: {} } as Job;
  const query: Job = { queryWorkflow: {} };
  const never = new Promise(() => undefined);

  it.each<[string, boolean, ...Job[][]]>([
    ['brings its end alone', false, [query], [ofActivity(true)]],
    ['brings its end with news, and nobody asked', false, [ofActivity(true), news]],
    ['brings that of another activity, with news behind a query', false, [query], [ofActivity(false), news]],
    ['brings its end with news behind a query', true, [query], [news, ofActivity(true)]],
  ])('%s: is taken for an interruption: %s', (_what, isInterrupted, ...steps) => {
    const local = new LocalActivities();
    expect(steps.map((jobs) => local.isInterrupted(jobs, false)).at(-1)).toBe(isInterrupted);
  });

  it('brings news while one is under way, that began in no replay, is one', async () => {
    const local = new LocalActivities();
    local.begun(never, true);
    expect(local.isInterrupted([news], false)).toBe(false);
    local.begun(Promise.resolve(), false);
    expect(local.isInterrupted([query], false)).toBe(false);
    expect(local.isInterrupted([news], false)).toBe(true);
    await Promise.resolve();
    expect(local.isInterrupted([news], false)).toBe(false);
  });

  it('is of a replay is none', () => {
    const local = new LocalActivities();
    local.begun(never, false);
    local.isInterrupted([query], true);
    expect(local.isInterrupted([news, ofActivity(true)], true)).toBe(false);
    expect(local.isInterrupted([news], true)).toBe(false);
  });
});
