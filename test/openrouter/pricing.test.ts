import Big from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProviderRequest } from '../../src/contract/types.js';
import { estimateCostUsd } from '../../src/openrouter/pricing.js';
import { parseVideoModel } from '../../src/openrouter/video-model.js';

const VEO_SKUS = {
  duration_seconds_with_audio: '0.08',
  duration_seconds_without_audio: '0.05',
  duration_seconds_with_audio_720p: '0.05',
  duration_seconds_without_audio_720p: '0.03',
};
const SILENT_720P: ProviderRequest = { model: 'm', duration: 4, resolution: '720p', generate_audio: false };

const FRAMES = { frame_images: [{ type: 'image_url' }, { type: 'image_url' }] };
const REFERENCES = { input_references: [{ type: 'image_url' }, { type: 'video_url' }] };

function estimate(
  skus: Record<string, string> | null,
  change: Partial<ProviderRequest> = {},
  declared: object = {},
): string | null {
  const model = parseVideoModel({ id: 'm', pricing_skus: skus, ...declared });
  if (model === null) throw new Error('no model');
  return estimateCostUsd({ ...SILENT_720P, ...change }, model);
}

describe('estimateCostUsd', () => {
  it('is exactly 0.12 for four silent seconds at 720p on the documented model', () => {
    expect(estimate(VEO_SKUS)).toBe('0.12');
  });

  it.each<[string, Record<string, string>, Partial<ProviderRequest>, string | null]>([
    ['audio', VEO_SKUS, { generate_audio: true }, '0.2'],
    ['a resolution without a price of its own', VEO_SKUS, { resolution: '1080p' }, '0.2'],
    ['both', VEO_SKUS, { resolution: '1080p', generate_audio: true }, '0.32'],
    ['a size', VEO_SKUS, { resolution: undefined, size: '720x1280' }, '0.12'],
    ['a size of 21:9', VEO_SKUS, { resolution: undefined, size: '1680x720' }, '0.12'],
    ['a size of 64:27', VEO_SKUS, { resolution: undefined, size: '720x1707' }, '0.12'],
    ['a size longer than that', VEO_SKUS, { resolution: undefined, size: '720x12800' }, null],
    ['a size wider than that', VEO_SKUS, { resolution: undefined, size: '4096x720' }, null],
    ['a size that is no known resolution', VEO_SKUS, { resolution: undefined, size: '1000x1000' }, null],
    ['such a size beside a resolution', VEO_SKUS, { size: '2560x1440' }, null],
    ['such a size where every one costs the same', { duration_seconds: '0.1' }, { size: '2560x1440' }, '0.4'],
    ['size and resolution that disagree', VEO_SKUS, { size: '1920x1080' }, null],
    ['no resolution', VEO_SKUS, { resolution: undefined }, null],
    ['no resolution where every one costs the same', { duration_seconds: '0.1' }, { resolution: undefined }, '0.4'],
    ['no word about audio', VEO_SKUS, { generate_audio: undefined }, null],
    ['no word about audio where it costs the same', { duration_seconds: '0.1' }, { generate_audio: undefined }, '0.4'],
    ['4K', { duration_seconds_4k: '0.5', duration_seconds: '0.1' }, { resolution: '4K' }, '2'],
    ['text to video', { text_to_video_duration_seconds_720p: '0.1' }, {}, '0.4'],
    ['text to video with images', { text_to_video_duration_seconds_720p: '0.1' }, FRAMES, null],
    ['image to video', { image_to_video_duration_seconds_720p: '0.2', duration_seconds: '0.1' }, FRAMES, '0.8'],
    ['references', { reference_duration_seconds_720p: '0.3', duration_seconds: '0.1' }, REFERENCES, '1.2'],
    [
      'frames and references, of which frames win',
      { reference_duration_seconds_720p: '0.3', image_to_video_duration_seconds_720p: '0.2' },
      { ...FRAMES, ...REFERENCES },
      '0.8',
    ],
    ['cents', { cents_per_second_output: '5', cents_per_second_output_720p: '2.5' }, {}, '0.1'],
    ['cents of the other name', { cents_per_video_output_second_720p: '3' }, {}, '0.12'],
    ['a minimum', { cents_per_second_output: '1', minimum_cents_per_generation: '10' }, {}, '0.1'],
    ['a minimum that is passed', { cents_per_second_output: '5', minimum_cents_per_generation: '10' }, {}, '0.2'],
    ['images', { cents_per_second_output: '1', cents_per_image_input: '0.5' }, FRAMES, '0.05'],
    ['references, of which images are paid', { duration_seconds: '1', cents_per_image_input: '1' }, REFERENCES, '4.01'],
    ['no images', { cents_per_second_output: '1', cents_per_image_input: '0.5' }, {}, '0.04'],
    ['dashes', { 'per-video-second': '0.1', 'per-video-second-1080p': '0.2' }, { resolution: '1080p' }, '0.8'],
    ['a price of nothing', { duration_seconds: '0' }, {}, '0'],
  ])('knows %s', (_case, skus, change, expected) => {
    expect(estimate(skus, change)).toBe(expected);
  });

  const BY_RESOLUTION = { duration_seconds: '0.05', duration_seconds_1080p: '0.2', duration_seconds_4k: '0.9' };

  it.each(['2160p', '1440p', 'uhd', '1K', '2K', ' 4K', '4K\u200b', '540p', '8k', 'constructor', ''])(
    'does not take the price of all others for %j, which may be any resolution',
    (resolution) => {
      expect(estimate(BY_RESOLUTION, { resolution })).toBeNull();
      expect(estimate(BY_RESOLUTION, { resolution: undefined }, { supported_resolutions: [resolution] })).toBeNull();
      expect(estimate({ duration_seconds: '0.05' }, { resolution })).toBe('0.2');
    },
  );

  it.each<[string, Record<string, string>, string | null]>([
    ['480p', BY_RESOLUTION, '0.2'],
    ['720p', BY_RESOLUTION, '0.2'],
    ['768p', BY_RESOLUTION, '0.2'],
    ['1080p', { duration_seconds: '0.05', duration_seconds_4k: '0.9' }, '0.2'],
    ['4K', { duration_seconds: '0.05', duration_seconds_1080p: '0.2' }, null],
    ['1080p', { duration_seconds: '0.05', duration_seconds_720p: '0.2' }, null],
    ['1080p', { duration_seconds: '0.05', duration_seconds_2k: '0.2' }, null],
    ['720p', { duration_seconds: '0.05', duration_seconds_2k: '0.2' }, '0.2'],
    ['1440p', { duration_seconds: '0.05', duration_seconds_1440p: '0.2' }, '0.8'],
    ['4K', { duration_seconds: '0.5', duration_seconds_1080p: '0.2' }, '2'],
    ['4K', { duration_seconds: '0.05', image_to_video_duration_seconds_1080p: '0.2' }, '0.2'],
  ])('takes the price of all others for %s where no smaller one costs more: %j', (resolution, skus, expected) => {
    expect(estimate(skus, { resolution })).toBe(expected);
  });

  it('takes the resolutions a model declares for all there are', () => {
    const skus = { text_to_video_duration_seconds_720p: '0.1', text_to_video_duration_seconds_4k: '0.5' };
    expect(estimate(skus, { resolution: undefined }, { supported_resolutions: ['720p'] })).toBe('0.4');
    expect(estimate(skus, { resolution: undefined }, { supported_resolutions: ['720p', '4K'] })).toBeNull();
  });

  it.each<[string, Record<string, string> | null]>([
    ['no prices', null],
    ['an empty list', {}],
    ['tokens', { video_tokens: '0.000001' }],
    ['an unknown name beside known ones', { ...VEO_SKUS, moon_phase_surcharge: '1' }],
    ['tokens beside seconds', { ...VEO_SKUS, video_tokens_without_audio: '0.000001' }],
    ['two vocabularies at once', { duration_seconds: '0.1', cents_per_second_output: '10' }],
    ['a name in other letters', { CENTS_PER_SECOND_OUTPUT: '10' }],
    ['only a minimum', { minimum_cents_per_generation: '10' }],
    ['only other resolutions', { duration_seconds_with_audio_1080p: '0.1', duration_seconds_without_audio_4k: '1' }],
    [
      'two prices of which neither is more specific',
      { duration_seconds_720p: '1', duration_seconds_without_audio: '2' },
    ],
    ['a negative price', { duration_seconds: '-0.1' }],
    ['a price in words', { duration_seconds: 'free' }],
    ['an empty price', { duration_seconds: '' }],
    ['a price with an exponent', { duration_seconds: '1e9' }],
  ])('does not know the price from %s', (_case, skus) => {
    expect(estimate(skus)).toBeNull();
  });

  it.each<[string, Partial<ProviderRequest>]>([
    ['no duration', { duration: undefined }],
    ['a duration that is none', { duration: Number.NaN }],
    ['a field nobody knows', { n: 4 }],
    ['an upscale', { upscale_factor: 2 }],
    ['an extended video', { previous_job_id: 'job-0' }],
    ['a passthrough parameter nobody knows', { provider: { options: { x: { parameters: { sampleCount: 4 } } } } }],
    ['provider options of another shape', { provider: { options: { x: { sampleCount: 4 } } } }],
  ])('does not know the price of %s', (_case, change) => {
    expect(estimate(VEO_SKUS, change)).toBeNull();
  });

  it('is not disturbed by what has no part in the price', () => {
    const neutral = { seed: 1, user: 'u', session_id: 's', trace: { trace_id: 't' }, callback_url: 'https://a.test' };
    const provider = { options: { google: { parameters: { negativePrompt: 'rain' } } } };
    expect(estimate(VEO_SKUS, { ...neutral, provider, previous_job_id: null })).toBe('0.12');
  });

  it('is never negative, exact to the last digit, and never falls when a video gets longer', () => {
    const price = fc.tuple(fc.nat(), fc.nat(999_999)).map(([whole, part]) => `${whole}.${`${part}`.padStart(6, '0')}`);
    const seconds = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(price, price, price, seconds, seconds, (perSecond, perImage, minimum, one, other) => {
        const skus = {
          duration_seconds: perSecond,
          cents_per_image_input: perImage,
          minimum_cents_per_generation: minimum,
        };
        const costOf = (duration: number): Big => new Big(estimate(skus, { duration, ...FRAMES }) ?? Number.NaN);
        const exact = new Big(perSecond).times(one).plus(new Big(perImage).times('0.02'));
        const floor = new Big(minimum).times('0.01');
        expect(costOf(one).toFixed()).toBe((exact.lt(floor) ? floor : exact).toFixed());
        expect(costOf(one).gte(0)).toBe(true);
        expect(costOf(Math.max(one, other)).gte(costOf(Math.min(one, other)))).toBe(true);
      }),
    );
  });

  it.each([
    ...['duration_seconds', 'duration_seconds_without_audio', 'duration_seconds_720p', 'per-video-second'],
    ...['duration_seconds_without_audio_720p', 'text_to_video_duration_seconds_720p', 'per-video-second-720p'],
    ...['cents_per_second_output', 'cents_per_second_output_720p', 'cents_per_video_output_second_720p'],
  ])('is seconds times %s, exactly', (name) => {
    const digits = fc.tuple(fc.nat(9_999), fc.nat(999_999_999)).map(([whole, part]) => `${whole}.${part}`);
    const factor = name.startsWith('cents') ? '0.01' : '1';
    fc.assert(
      fc.property(digits, fc.integer({ min: 1, max: 100_000 }), (price, duration) => {
        const exact = new Big(price).times(factor).times(duration).toFixed();
        expect(estimate({ [name]: price }, { duration })).toBe(exact);
      }),
    );
  });

  it('never throws, whatever the price list says', () => {
    const names = fc.constantFrom(...Object.keys(VEO_SKUS), 'cents_per_image_input', '__proto__', 'constructor');
    const texts = fc.oneof(fc.string(), fc.constantFrom('0.1', '5'));
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(names, fc.string()), texts), (skus) => {
        const result = estimate(skus);
        expect(result === null || new Big(result).gte(0)).toBe(true);
      }),
    );
  });
});
