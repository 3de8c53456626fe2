import { describe, expect, it } from 'vitest';
import { API_KEY, connectTo, openRouterError } from './rig.js';
import { reply, startRawServer } from './raw-server.js';

const VEO = {
  id: 'google/veo-3.1-lite',
  canonical_slug: 'google/veo-3.1-lite-20260331',
  supported_durations: [8, 4, 6],
  supported_resolutions: ['720p', '1080p'],
  supported_aspect_ratios: ['16:9', '9:16'],
  supported_sizes: null,
  supported_frame_images: ['first_frame', 'last_frame'],
  generate_audio: true,
  seed: true,
  upscale_factor: null,
  allowed_passthrough_parameters: ['negativePrompt'],
  pricing_skus: { duration_seconds_with_audio: '0.08' },
};

const NOTHING_DECLARED = {
  canonicalSlug: null,
  name: null,
  description: null,
  durations: null,
  resolutions: null,
  aspectRatios: null,
  sizes: null,
  frameImages: null,
  generateAudio: null,
  seed: null,
  passthroughParameters: null,
  pricingSkus: null,
};

async function modelsOf(status: number, body: string | object, headers = {}): Promise<unknown> {
  const server = await startRawServer((socket) => socket.write(reply(status, body, headers)));
  return await connectTo(server.origin).models();
}

describe('the model list', () => {
  it('is asked for once, below the base address, with the key', async () => {
    const server = await startRawServer((socket) => socket.write(reply(200, { data: [] })));
    expect(await connectTo(server.origin).models()).toEqual({ outcome: 'models', models: [] });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      path: '/api/v1/videos/models',
      headers: { authorization: `Bearer ${API_KEY}` },
    });
  });

  it('gives what a model declares, and null for what it does not', async () => {
    expect(await modelsOf(200, { data: [VEO, { id: 'a/b', generate_audio: null }] })).toEqual({
      outcome: 'models',
      models: [
        {
          id: 'google/veo-3.1-lite',
          canonicalSlug: 'google/veo-3.1-lite-20260331',
          name: null,
          description: null,
          durations: [8, 4, 6],
          resolutions: ['720p', '1080p'],
          aspectRatios: ['16:9', '9:16'],
          sizes: null,
          frameImages: ['first_frame', 'last_frame'],
          generateAudio: true,
          seed: true,
          passthroughParameters: ['negativePrompt'],
          pricingSkus: { duration_seconds_with_audio: '0.08' },
        },
        { id: 'a/b', ...NOTHING_DECLARED },
      ],
    });
  });

  it('leaves out entries that are none, and takes fields of another shape for undeclared', async () => {
    const odd = { id: 'a/b', supported_durations: ['4'], supported_sizes: 'all', generate_audio: 'yes', seed: 1 };
    expect(await modelsOf(200, { data: [null, 1, 'x', {}, { id: 7 }, { id: 'with space' }, odd] })).toEqual({
      outcome: 'models',
      models: [{ id: 'a/b', ...NOTHING_DECLARED }],
    });
  });

  it('has no prices at all when one of them cannot be read: leaving it out could make an estimate too low', async () => {
    const skus = { duration_seconds: '0.05', surcharge: { usd: 1 } };
    expect(await modelsOf(200, { data: [{ ...VEO, pricing_skus: skus }] })).toMatchObject({
      models: [{ pricingSkus: null }],
    });
  });

  it('carries no control characters to a terminal', async () => {
    expect(await modelsOf(200, { data: [{ ...VEO, name: 'Veo\u001b[2J', description: 'a\nb' }] })).toMatchObject({
      models: [{ name: 'Veo [2J', description: 'a b' }],
    });
  });

  it.each([
    ['a list of another shape', 200, [VEO], { outcome: 'trouble', httpStatus: 200 }],
    ['a null', 200, 'null', { outcome: 'trouble', httpStatus: 200 }],
    ['a 404', 404, '', { outcome: 'trouble', httpStatus: 404 }],
    ['a 500', 500, openRouterError('down'), { outcome: 'trouble', httpStatus: 500 }],
    ['a 401', 401, '', { outcome: 'denied', httpStatus: 401 }],
  ])('takes %s for what it is', async (_fault, status, body, expected) => {
    expect(await modelsOf(status, body)).toMatchObject(expected);
  });

  it.each([
    [404, ''],
    [401, ''],
    [500, ''],
    [200, [VEO]],
    [200, 'null'],
    [200, '{'],
  ])('tells of the Retry-After of a %i %j', async (status, body) => {
    expect(await modelsOf(status, body, { 'Retry-After': 3 })).toMatchObject({ retryAfterMs: 3_000 });
  });
});
