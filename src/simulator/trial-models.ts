import type { Ending } from './job.js';
import type { Model } from './model.js';

/** How a trial model departs from a model that works. */
export interface Trial {
  /** What a user sees, for the model list. */
  readonly description: string;
  readonly submit?: 'rejects' | 'no-credits' | 'rate-limited-once' | 'answer-lost';
  readonly ending?: Ending | 'never';
  readonly content?: 'cut-once' | 'html';
  /** Videos per job; default 1. */
  readonly outputs?: number;
  /** Replaces the simulator's own generation time. */
  readonly generationMs?: number;
}

/** Models that fail on purpose, so that every failure can be tried without a key. Named in docs: add, never rename. */
const TRIALS: Readonly<Record<string, Trial>> = {
  'simulator/fails': { description: 'The job ends as "failed".', ending: 'failed' },
  'simulator/dead': { description: 'The job ends as "dead".', ending: 'dead' },
  'simulator/cancelled': { description: 'The job ends as "cancelled".', ending: 'cancelled' },
  'simulator/expired': { description: 'The job ends as "expired".', ending: 'expired' },
  'simulator/never-finishes': { description: 'The job stays "in_progress" for ever.', ending: 'never' },
  'simulator/slow': { description: 'The job takes 60 seconds.', generationMs: 60_000 },
  'simulator/rejects': { description: 'The request is refused with 400.', submit: 'rejects' },
  'simulator/no-credits': { description: 'The request is refused with 402.', submit: 'no-credits' },
  'simulator/rate-limited-once': {
    description: 'The first request with a prompt is refused with 429, the next one is accepted.',
    submit: 'rate-limited-once',
  },
  'simulator/answer-lost': {
    description: 'The job is accepted, but the connection breaks before the answer.',
    submit: 'answer-lost',
  },
  'simulator/broken-download': {
    description: 'The first transfer of the video breaks off in the middle, the next one is whole.',
    content: 'cut-once',
  },
  'simulator/not-a-video': { description: 'The content is an HTML page.', content: 'html' },
  'simulator/two-outputs': { description: 'The job has two videos.', outputs: 2 },
};

const NO_TRIAL: Trial = { description: '' };

export function trialOf(modelId: string): Trial {
  return Object.hasOwn(TRIALS, modelId) ? (TRIALS[modelId] ?? NO_TRIAL) : NO_TRIAL;
}

/** Every trial model can and costs what `like` can and costs. */
export function trialModels(like: Model): Model[] {
  return Object.entries(TRIALS).map(([id, { description }]) => ({
    ...like,
    id,
    canonical_slug: id,
    name: `Trial: ${id.replace('simulator/', '').replaceAll('-', ' ')}`,
    description,
  }));
}
