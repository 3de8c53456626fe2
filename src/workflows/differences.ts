import type { ProviderRequest, VideoAsset } from '../contract/types.js';

/** Models round to whole frames and segments. */
const DURATION_TOLERANCE = { seconds: 0.5, share: 0.1 } as const;
/** Coders take sides in steps of 8 to 64 pixels, so 480p at 16:9 may be 832x480. */
const SIDE_TOLERANCE = 0.05;
const AREA_TOLERANCE = 0.1;

/** Lines of the names that mean one height. `1K` and `2K` mean several. */
const LINES: Readonly<Record<string, number>> = {
  '360p': 360,
  '480p': 480,
  '720p': 720,
  '768p': 768,
  '1080p': 1080,
  '4K': 2160,
};

/** In which ways a saved video is not what was asked for, as sentences. What the request or the file does not say is no difference. */
export function differencesFrom(request: ProviderRequest | undefined, asset: VideoAsset): string[] {
  if (request === undefined) return [];
  return [durationDifference(request, asset), sizeDifference(request, asset)].filter((text) => text !== null);
}

function durationDifference({ duration }: ProviderRequest, { key, durationSeconds }: VideoAsset): string | null {
  if (duration === undefined || durationSeconds === null) return null;
  const { seconds, share } = DURATION_TOLERANCE;
  if (Math.abs(durationSeconds - duration) <= Math.max(seconds, duration * share)) return null;
  return `${key} has ${Number(durationSeconds.toFixed(2))} s instead of the ${duration} s asked for.`;
}

function sizeDifference(request: ProviderRequest, { key, width, height }: VideoAsset): string | null {
  if (width === null || height === null || request['upscale_factor'] !== undefined) return null;
  const { size, resolution, aspect_ratio: ratio } = request;
  const fits =
    size === undefined
      ? hasLines(resolution, width, height) && hasShape(ratio, width, height)
      : size === `${width}x${height}`;
  if (fits) return null;
  const asked = size ?? [resolution, ratio].filter((text) => text !== undefined).join(' ');
  return `${key} is ${width}x${height} instead of the ${asked} asked for.`;
}

/** "720p" is 720 lines on the short side, or as many pixels as a 16:9 picture of 720 lines: models read it either way. */
function hasLines(resolution: string | undefined, width: number, height: number): boolean {
  const lines = resolution !== undefined && Object.hasOwn(LINES, resolution) ? LINES[resolution] : undefined;
  if (lines === undefined) return true;
  return (
    isNear(Math.min(width, height), lines, SIDE_TOLERANCE) ||
    isNear(width * height, (lines * lines * 16) / 9, AREA_TOLERANCE)
  );
}

function hasShape(ratio: string | undefined, width: number, height: number): boolean {
  const [, across, down] = /^(\d+):(\d+)$/.exec(ratio ?? '') ?? [];
  if (across === undefined || down === undefined || Number(down) === 0) return true;
  return isNear(width / height, Number(across) / Number(down), SIDE_TOLERANCE);
}

function isNear(value: number, expected: number, tolerance: number): boolean {
  return Math.abs(value - expected) <= expected * tolerance;
}
