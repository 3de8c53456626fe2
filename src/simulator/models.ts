import type { Model } from './model.js';
import { trialModels } from './trial-models.js';

const EXAMPLE = 'Simulated: the capabilities and prices are examples.';

/** Where a declaration says nothing. */
const UNDECLARED = {
  supported_durations: null,
  supported_resolutions: null,
  supported_aspect_ratios: null,
  supported_sizes: null,
  supported_frame_images: null,
  generate_audio: null,
  seed: null,
  upscale_factor: null,
  creativity: null,
  allowed_passthrough_parameters: [],
} as const;

const VEO_LITE: Model = {
  id: 'google/veo-3.1-lite',
  canonical_slug: 'google/veo-3.1-lite-20260331',
  name: 'Google: Veo 3.1 Lite',
  created: 1774915200,
  supported_durations: [8, 4, 6],
  supported_resolutions: ['720p', '1080p'],
  supported_aspect_ratios: ['16:9', '9:16'],
  supported_sizes: ['1280x720', '720x1280', '1920x1080', '1080x1920'],
  supported_frame_images: ['first_frame', 'last_frame'],
  generate_audio: true,
  seed: true,
  upscale_factor: null,
  creativity: null,
  allowed_passthrough_parameters: [
    'personGeneration',
    'aspectRatio',
    'negativePrompt',
    'conditioningScale',
    'enhancePrompt',
  ],
  pricing_skus: {
    duration_seconds_with_audio: '0.08',
    duration_seconds_without_audio: '0.05',
    duration_seconds_with_audio_720p: '0.05',
    duration_seconds_without_audio_720p: '0.03',
  },
};

/** Real names with example declarations: each speaks another of the API's pricing vocabularies. */
const EXAMPLES: readonly Model[] = [
  {
    ...VEO_LITE,
    id: 'google/veo-3.1',
    canonical_slug: 'google/veo-3.1-20260113',
    name: 'Google: Veo 3.1',
    created: 1768262400,
    description: EXAMPLE,
    supported_resolutions: ['720p', '1080p', '4K'],
    supported_sizes: ['1280x720', '720x1280', '1920x1080', '1080x1920', '3840x2160', '2160x3840'],
    pricing_skus: {
      duration_seconds_with_audio: '0.40',
      duration_seconds_without_audio: '0.20',
      duration_seconds_with_audio_4k: '0.60',
      duration_seconds_without_audio_4k: '0.40',
    },
  },
  {
    ...UNDECLARED,
    id: 'openai/sora-2-pro',
    canonical_slug: 'openai/sora-2-pro-20251006',
    name: 'OpenAI: Sora 2 Pro',
    created: 1759708800,
    description: EXAMPLE,
    supported_durations: [4, 8, 12],
    supported_resolutions: ['720p', '1080p'],
    supported_aspect_ratios: ['16:9', '9:16'],
    supported_frame_images: ['first_frame'],
    generate_audio: true,
    seed: false,
    pricing_skus: { duration_seconds_720p: '0.30', duration_seconds_1080p: '0.50' },
  },
  {
    ...UNDECLARED,
    id: 'alibaba/wan-2.6',
    canonical_slug: 'alibaba/wan-2.6-20251216',
    name: 'Alibaba: Wan 2.6',
    created: 1765843200,
    description: EXAMPLE,
    supported_durations: [5, 10, 15],
    supported_resolutions: ['720p', '1080p'],
    supported_aspect_ratios: ['16:9', '9:16', '1:1', '4:3', '3:4'],
    generate_audio: true,
    seed: true,
    allowed_passthrough_parameters: ['negative_prompt', 'prompt_extend'],
    pricing_skus: {
      text_to_video_duration_seconds_720p: '0.10',
      text_to_video_duration_seconds_1080p: '0.15',
      image_to_video_duration_seconds_720p: '0.11',
      image_to_video_duration_seconds_1080p: '0.16',
      reference_duration_seconds_720p: '0.12',
      reference_duration_seconds_1080p: '0.18',
    },
  },
  {
    ...UNDECLARED,
    id: 'bytedance/seedance-1-5-pro',
    canonical_slug: 'bytedance/seedance-1-5-pro-20251223',
    name: 'ByteDance: Seedance 1.5 Pro',
    created: 1766448000,
    description: EXAMPLE,
    supported_durations: [4, 5, 6, 7, 8, 9, 10, 11, 12],
    supported_resolutions: ['480p', '720p', '1080p'],
    supported_aspect_ratios: ['16:9', '9:16', '1:1', '4:3', '3:4', '21:9', '9:21'],
    supported_frame_images: ['first_frame', 'last_frame'],
    generate_audio: true,
    seed: true,
    pricing_skus: { video_tokens: '0.0000024', video_tokens_without_audio: '0.0000012' },
  },
  {
    ...UNDECLARED,
    id: 'x-ai/grok-imagine-video',
    canonical_slug: 'x-ai/grok-imagine-video-20260128',
    name: 'xAI: Grok Imagine Video',
    created: 1769558400,
    description: EXAMPLE,
    supported_durations: [1, 2, 3, 4, 5, 6, 8, 10, 15],
    supported_resolutions: ['480p', '720p'],
    supported_aspect_ratios: ['16:9', '9:16', '1:1', '4:3', '3:4', '3:2', '2:3'],
    supported_frame_images: ['first_frame'],
    pricing_skus: {
      cents_per_second_output_480p: '5',
      cents_per_second_output_720p: '7',
      cents_per_image_input: '0.2',
      minimum_cents_per_generation: '10',
    },
  },
  {
    ...UNDECLARED,
    id: 'runway/gen-4.5',
    canonical_slug: 'runway/gen-4.5-20251201',
    name: 'Runway: Gen-4.5',
    created: 1764547200,
    description: EXAMPLE,
    supported_durations: [10, 5],
    supported_sizes: ['1280x720', '720x1280', '1920x1080'],
    generate_audio: false,
    seed: true,
    pricing_skus: { 'per-video-second': '0.12', 'per-video-second-1080p': '0.25' },
  },
  {
    ...UNDECLARED,
    id: 'minimax/hailuo-2.3',
    canonical_slug: 'minimax/hailuo-2.3-20251028',
    name: 'MiniMax: Hailuo 2.3',
    created: 1761609600,
    description: EXAMPLE,
    supported_durations: [6, 10],
    supported_resolutions: ['768p', '1080p'],
    pricing_skus: null,
  },
];

/** What `GET /videos/models` lists. */
export const MODELS: readonly Model[] = [VEO_LITE, ...EXAMPLES, ...trialModels(VEO_LITE)];

export function findModel(id: string): Model | undefined {
  return MODELS.find((model) => model.id === id || model.canonical_slug === id);
}
