import { expect, it } from 'vitest';
import { statusOf, type Job } from '../../src/simulator/job.js';

const START = Date.parse('2026-11-22T07:00:00.000Z');

function jobOf(model: string): Job {
  return {
    id: 'gen-vid-1',
    generationId: 'gen-1',
    model,
    request: {},
    createdAt: new Date(START).toISOString(),
    generationMs: 10_000,
    costUsd: 0.12,
    video: { seconds: 4, width: 1280, height: 720 },
  };
}

it('leads a job from pending over in_progress to its end by the clock alone', () => {
  const job = jobOf('google/veo-3.1-lite');
  const statuses = [-60_000, 0, 1_999, 2_000, 9_999, 10_000, 1e12].map((ageMs) => statusOf(job, START + ageMs));
  expect(statuses).toEqual(['pending', 'pending', 'pending', 'in_progress', 'in_progress', 'completed', 'completed']);
});

it.each([
  ['simulator/fails', 'failed'],
  ['simulator/dead', 'dead'],
  ['simulator/cancelled', 'cancelled'],
  ['simulator/expired', 'expired'],
  ['simulator/never-finishes', 'in_progress'],
  ['simulator/two-outputs', 'completed'],
  ['constructor', 'completed'],
])('ends a job of %s as %s', (model, ending) => {
  expect(statusOf(jobOf(model), START + 1e12)).toBe(ending);
});
