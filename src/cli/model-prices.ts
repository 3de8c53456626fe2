import Big from 'big.js';
import type { VideoModel } from '../openrouter/answers.js';
import { estimateCostUsd } from '../openrouter/pricing.js';

/** A video as far as its price goes. */
export interface Clip {
  readonly seconds: number;
  readonly resolution: string | null;
  readonly audio: boolean;
}

/** Beyond any minimum price. */
const LONG_SECONDS = 1_000;
const USUAL = { seconds: 4, resolution: '720p' } as const;

/** The guide's clip (4 s, 720p, silent), or the nearest thing that the model offers. */
export function clipOf({ durations, resolutions }: VideoModel): Clip {
  const seconds = durations === null || durations.includes(USUAL.seconds) ? USUAL.seconds : Math.min(...durations);
  const resolution =
    resolutions === null || resolutions.includes(USUAL.resolution) ? USUAL.resolution : (resolutions[0] ?? null);
  return { seconds: Number.isFinite(seconds) ? seconds : USUAL.seconds, resolution, audio: false };
}

/** An exact decimal in US dollars, or `null` when it cannot be known beforehand. */
export function priceOf(model: VideoModel, { seconds, resolution, audio }: Clip): string | null {
  const request = { model: model.id, prompt: '', duration: seconds, generate_audio: audio };
  return estimateCostUsd(resolution === null ? request : { ...request, resolution }, model);
}

/** What one second more of the usual clip costs: a minimum price or one for images has no part in it. */
export function pricePerSecond(model: VideoModel): string | null {
  const clip = clipOf(model);
  const [shorter, longer] = [LONG_SECONDS, LONG_SECONDS + 1].map((seconds) => priceOf(model, { ...clip, seconds }));
  return typeof shorter === 'string' && typeof longer === 'string' ? new Big(longer).minus(shorter).toFixed() : null;
}

/** The price of the usual clip in every resolution, silent and, where the model can, with sound. */
export function prices(model: VideoModel): { readonly clip: Clip; readonly usd: string | null }[] {
  const { seconds } = clipOf(model);
  const sounds = model.generateAudio === true ? [false, true] : [false];
  return (model.resolutions ?? [USUAL.resolution]).flatMap((resolution) =>
    sounds.map((audio) => {
      const clip = { seconds, resolution, audio };
      return { clip, usd: priceOf(model, clip) };
    }),
  );
}
