import { describe, expect, it } from 'vitest';
import type { ProviderRequest } from '../../src/contract/types.js';
import type { VideoModel } from '../../src/openrouter/answers.js';
import { capabilityProblem } from '../../src/openrouter/capabilities.js';
import { parseVideoModel } from '../../src/openrouter/video-model.js';

const VEO = model({
  id: 'google/veo-3.1-lite',
  canonical_slug: 'google/veo-3.1-lite-20260331',
  supported_durations: [8, 4, 6],
  supported_resolutions: ['720p', '1080p'],
  supported_aspect_ratios: ['16:9', '9:16'],
  supported_sizes: ['1280x720'],
  supported_frame_images: ['first_frame'],
  generate_audio: false,
  seed: false,
  allowed_passthrough_parameters: ['negativePrompt'],
});
const SILENT_ABOUT_ITSELF = model({ id: 'some/model' });

const EVERYTHING: ProviderRequest = {
  model: 'google/veo-3.1-lite',
  duration: 4,
  resolution: '720p',
  aspect_ratio: '16:9',
  size: '1280x720',
  generate_audio: false,
  frame_images: [{ type: 'image_url', frame_type: 'first_frame' }, { type: 'image_url' }],
  provider: { options: { google: { parameters: { negativePrompt: 'rain' } } } },
  surprise: 1,
};

function model(entry: object): VideoModel {
  const parsed = parseVideoModel(entry);
  if (parsed === null) throw new Error('no model');
  return parsed;
}

describe('capabilityProblem', () => {
  it('lets pass what the model declares, under its id or its canonical slug', () => {
    expect(capabilityProblem(EVERYTHING, [VEO])).toBeNull();
    expect(capabilityProblem({ ...EVERYTHING, model: 'google/veo-3.1-lite-20260331' }, [VEO])).toBeNull();
  });

  it.each<[Partial<ProviderRequest>, string]>([
    [{ duration: 5 }, 'The duration 5 is not supported by google/veo-3.1-lite, which supports 4, 6, 8.'],
    [{ resolution: '4K' }, 'The resolution 4K is not supported by google/veo-3.1-lite, which supports 720p, 1080p.'],
    [{ aspect_ratio: '1:1' }, 'aspect_ratio 1:1 is not supported by google/veo-3.1-lite, which supports 16:9, 9:16.'],
    [{ size: '720x1280' }, 'size 720x1280 is not supported by google/veo-3.1-lite, which supports 1280x720.'],
    [{ frame_images: [{ type: 'image_url', frame_type: 'last_frame' }] }, 'frame_type last_frame is not supported'],
    [{ generate_audio: true }, 'generate_audio is not supported'],
    [{ seed: 0 }, 'seed is not supported'],
    [
      { provider: { options: { a: null, google: { parameters: { negativePrompt: '', cfg: 1 } } } } },
      'provider parameter cfg is not supported by google/veo-3.1-lite, which supports negativePrompt.',
    ],
  ])('says what is supported instead of %j', (change, message) => {
    expect(capabilityProblem({ ...EVERYTHING, ...change }, [VEO])).toContain(message);
  });

  it('lets pass everything that the model does not declare', () => {
    const request = { ...EVERYTHING, model: 'some/model', duration: 500, seed: 1, generate_audio: true };
    expect(capabilityProblem(request, [VEO, SILENT_ABOUT_ITSELF])).toBeNull();
  });

  it('refuses an empty declaration: it says that nothing is supported', () => {
    const noFrames = model({ id: 'some/model', supported_frame_images: [] });
    expect(capabilityProblem({ ...EVERYTHING, model: 'some/model' }, [noFrames])).toContain('which supports none.');
  });

  it('names up to ten models, the nearest first, when there is none of that name', () => {
    const others = Array.from({ length: 12 }, (_, index) => model({ id: `other/model-${index}` }));
    const problem = capabilityProblem({ model: 'google/veo-4' }, [...others, VEO]);
    expect(problem).toMatch(
      /^There is no video model "google\/veo-4"\. Choose another, such as google\/veo-3\.1-lite, /,
    );
    expect(problem?.match(/other\//g)).toHaveLength(9);
    expect(capabilityProblem({ model: 'zzz' }, others)).toContain('such as other/model-0, other/model-1,');
  });

  it('cannot check anything without a model list', () => {
    expect(capabilityProblem(EVERYTHING, [])).toBeNull();
  });
});
