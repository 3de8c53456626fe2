import { describe, expect, it } from 'vitest';
import { clipOf, pricePerSecond, priceOf } from '../../src/cli/model-prices.js';
import type { VideoModel } from '../../src/openrouter/answers.js';
import { parseVideoModel } from '../../src/openrouter/video-model.js';

function model(pricing_skus: Record<string, string>, declared: object = {}): VideoModel {
  const parsed = parseVideoModel({ id: 'test/model', pricing_skus, ...declared });
  if (parsed === null) throw new Error('no model');
  return parsed;
}

describe('what a model costs', () => {
  it.each<[string, Record<string, string>, string | null, string | null]>([
    ['dollars a second', { duration_seconds: '0.03' }, '0.03', '0.12'],
    ['cents a second', { cents_per_second_output: '7' }, '0.07', '0.28'],
    ['a price that binary fractions cannot hold', { 'per-video-second': '0.1000003' }, '0.1000003', '0.4000012'],
    ['a minimum', { cents_per_second_output: '1', minimum_cents_per_generation: '10' }, '0.01', '0.1'],
    ['tokens, which nobody can count beforehand', { video_tokens: '0.0000024' }, null, null],
  ])('%s: a second more, and the usual clip', (_what, skus, perSecond, clip) => {
    const priced = model(skus);
    expect(pricePerSecond(priced)).toBe(perSecond);
    expect(priceOf(priced, clipOf(priced))).toBe(clip);
  });

  it('is that of the nearest clip where the model does not make the usual one', () => {
    const long = model(
      { duration_seconds_1080p: '0.5' },
      { supported_durations: [10, 6], supported_resolutions: ['1080p'] },
    );
    expect(clipOf(long)).toEqual({ seconds: 6, resolution: '1080p', audio: false });
    expect(priceOf(long, clipOf(long))).toBe('3');
  });
});
