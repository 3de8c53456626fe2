import type { Model } from './model.js';
import type { VideoRequest } from './video-request.js';

/** What a request comes to once the model's defaults have filled its gaps. */
export interface Settings {
  readonly seconds: number;
  /** As in the API (`720p`, `4K`); for a `size`, the name of its shorter side. */
  readonly resolution: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly withAudio: boolean;
}

/** Pixels on the shorter side, where the name does not say them itself. */
const SHORT_SIDES: Readonly<Record<string, number>> = { '1K': 1024, '2K': 1440, '4K': 2160 };

export function settingsOf(request: VideoRequest, model: Model): Settings {
  const seconds = request.duration ?? model.supported_durations?.[0] ?? 5;
  const withAudio = request.generate_audio ?? model.generate_audio ?? false; // the dearer reading of an ambiguous default
  const { resolution, aspect_ratio: aspectRatio } = request;
  const size = request.size ?? (resolution === undefined && aspectRatio === undefined ? onlySizes(model) : undefined);
  if (size === undefined) {
    const name = resolution ?? model.supported_resolutions?.[0] ?? '720p';
    const ratio = aspectRatio ?? model.supported_aspect_ratios?.[0] ?? '16:9';
    return { seconds, withAudio, resolution: name, ...pixelsOf(name, ratio) };
  }
  const [width = 0, height = 0] = size.split('x').map(Number);
  return { seconds, withAudio, resolution: nameOf(Math.min(width, height)), width, height };
}

/** Pixels on the shorter side of a named resolution; `null`: not a name known here. */
export function shortSideOf(resolution: string): number | null {
  const pixels = SHORT_SIDES[resolution] ?? Number(/^([1-9]\d{2,3})p$/.exec(resolution)?.[1] ?? Number.NaN);
  return Number.isNaN(pixels) ? null : pixels;
}

/** The default size of a model that declares sizes and no resolutions. */
function onlySizes(model: Model): string | undefined {
  return model.supported_resolutions === null ? model.supported_sizes?.[0] : undefined;
}

function nameOf(shortSide: number): string {
  return Object.keys(SHORT_SIDES).find((name) => SHORT_SIDES[name] === shortSide) ?? `${shortSide}p`;
}

function pixelsOf(resolution: string, aspectRatio: string): { width: number; height: number } {
  const shortSide = shortSideOf(resolution) ?? 720;
  const [across = 16, down = 9] = aspectRatio.split(':').map(Number);
  const longSide = even((shortSide * Math.max(across, down)) / Math.min(across, down));
  return across >= down ? { width: longSide, height: shortSide } : { width: shortSide, height: longSide };
}

function even(pixels: number): number {
  return 2 * Math.round(pixels / 2);
}
