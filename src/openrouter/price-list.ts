import Big from 'big.js';

/** What a video is made from, as far as prices tell it apart. */
export type Source = 'text' | 'image' | 'reference';

/** The price of one second of video. A condition that is `null` holds for every request. */
export interface Rate {
  readonly source: Source | null;
  readonly audio: boolean | null;
  /** Lower case: `720p`, `4k`. */
  readonly resolution: string | null;
  readonly usdPerSecond: Big;
}

interface PriceList {
  readonly rates: readonly Rate[];
  readonly usdPerImage: Big;
  readonly minimumUsd: Big;
}

const RESOLUTION = '(?<resolution>\\d{3,4}p|\\d{1,2}[kK])';

/** The vocabularies of prices per second. They don't mix: what two of them mean together nobody says. */
const RATE_NAMES: readonly RegExp[] = [
  new RegExp(
    `^(?:(?<source>text_to_video|image_to_video|reference)_)?duration_seconds(?:_(?<audio>with|without)_audio)?(?:_${RESOLUTION})?$`,
  ),
  new RegExp(`^cents_per_second_output(?:_${RESOLUTION})?$`),
  new RegExp(`^cents_per_video_output_second(?:_${RESOLUTION})?$`),
  new RegExp(`^per-video-second(?:-${RESOLUTION})?$`),
];

const SOURCES: Readonly<Record<string, Source>> = {
  text_to_video: 'text',
  image_to_video: 'image',
  reference: 'reference',
};

/** Reads `pricing_skus`; `null` as soon as one entry is not understood, because it could add to the price. */
export function parsePriceList(skus: Readonly<Record<string, string>>): PriceList | null {
  const rates: Rate[] = [];
  const vocabularies = new Set<RegExp>();
  let usdPerImage = new Big(0);
  let minimumUsd = new Big(0);
  for (const [name, text] of Object.entries(skus)) {
    const usd = parseUsd(name, text);
    if (usd === null) return null;
    if (name === 'cents_per_image_input') usdPerImage = usd;
    else if (name === 'minimum_cents_per_generation') minimumUsd = usd;
    else {
      const vocabulary = RATE_NAMES.find((pattern) => pattern.test(name));
      if (vocabulary === undefined) return null;
      vocabularies.add(vocabulary);
      rates.push(parseRate(vocabulary, name, usd));
    }
  }
  return vocabularies.size > 1 ? null : { rates, usdPerImage, minimumUsd };
}

/** Prices are dollars unless their name says cents. */
function parseUsd(name: string, text: string): Big | null {
  if (!/^\d{1,15}(\.\d{1,30})?$/.test(text)) return null;
  return name.includes('cents') ? new Big(text).times('0.01') : new Big(text);
}

function parseRate(vocabulary: RegExp, name: string, usdPerSecond: Big): Rate {
  const { source, audio, resolution } = vocabulary.exec(name)?.groups ?? {};
  return {
    source: SOURCES[source ?? ''] ?? null,
    audio: audio === undefined ? null : audio === 'with',
    resolution: resolution?.toLowerCase() ?? null,
    usdPerSecond,
  };
}
