import type { Model } from './model.js';
import type { Settings } from './settings.js';
import type { VideoRequest } from './video-request.js';

/** What a job is charged, in US dollars, by the model's own SKUs; `null`: they name no price for it. */
export function priceUsd(model: Model, request: VideoRequest, settings: Settings): number | null {
  const skus = model.pricing_skus ?? {};
  const images = request.frame_images ?? request.input_references ?? [];
  const perSecond = firstPrice(skus, perSecondSkus(request, settings));
  if (perSecond !== null) return rounded(perSecond * settings.seconds);
  const cents = firstPrice(skus, centsPerSecondSkus(settings));
  if (cents !== null) {
    const total = cents * settings.seconds + (price(skus, 'cents_per_image_input') ?? 0) * images.length;
    return rounded(Math.max(total, price(skus, 'minimum_cents_per_generation') ?? 0) / 100);
  }
  const perToken = firstPrice(skus, [...(settings.withAudio ? [] : ['video_tokens_without_audio']), 'video_tokens']);
  return perToken === null ? null : rounded(perToken * tokensOf(settings));
}

/** Most specific first. */
function perSecondSkus(request: VideoRequest, { resolution, withAudio }: Settings): string[] {
  const size = resolution.toLowerCase();
  const audio = withAudio ? 'with_audio' : 'without_audio';
  const reference = request.input_references === undefined ? [] : [`reference_duration_seconds_${size}`];
  const source = request.frame_images === undefined ? reference : [`image_to_video_duration_seconds_${size}`];
  return [
    ...source,
    `text_to_video_duration_seconds_${size}`,
    `duration_seconds_${audio}_${size}`,
    `duration_seconds_${audio}`,
    `duration_seconds_${size}`,
    'duration_seconds',
    `per-video-second-${size}`,
    'per-video-second',
  ];
}

function centsPerSecondSkus({ resolution }: Settings): string[] {
  const size = resolution.toLowerCase();
  return [`cents_per_second_output_${size}`, `cents_per_video_output_second_${size}`, 'cents_per_second_output'];
}

function firstPrice(skus: Readonly<Record<string, string>>, names: readonly string[]): number | null {
  return names.map((name) => price(skus, name)).find((found) => found !== null) ?? null;
}

function price(skus: Readonly<Record<string, string>>, name: string): number | null {
  return Object.hasOwn(skus, name) ? Number(skus[name]) : null;
}

/** The usual count of the models that bill by it: pixels at 24 frames a second, in units of 1,024. */
function tokensOf({ width, height, seconds }: Settings): number {
  return Math.ceil((width * height * 24 * seconds) / 1024);
}

/** To a millionth of a dollar: sums of binary fractions would show their tail. */
function rounded(usd: number): number {
  return Math.round(usd * 1_000_000) / 1_000_000;
}
