import type Big from 'big.js';
import { z } from 'zod';
import type { ProviderRequest } from '../contract/types.js';
import type { VideoModel } from './answers.js';
import { passthroughParameters } from './capabilities.js';
import { parsePriceList, type Rate, type Source } from './price-list.js';

/** Fields whose part in the price is known: either none, or worked out below. */
const UNDERSTOOD_FIELDS = new Set([
  ...['model', 'prompt', 'duration', 'resolution', 'aspect_ratio', 'size', 'generate_audio', 'seed'],
  ...['frame_images', 'input_references', 'provider', 'callback_url', 'session_id', 'user', 'trace'],
]);

/** Passthrough parameters that change what is seen, not how much of it. */
const FREE_PARAMETERS = new Set([
  ...['personGeneration', 'aspectRatio', 'negativePrompt', 'conditioningScale', 'enhancePrompt'],
]);

/** `provider` with nothing in it but passthrough parameters. */
const plainProvider = z
  .strictObject({
    options: z.record(z.string(), z.strictObject({ parameters: z.record(z.string(), z.unknown()) })).optional(),
  })
  .optional();

/** By the shorter side, as the resolutions are named. Others (1K and 2K are used for several) stay unknown. */
const RESOLUTION_OF_SIDE: Readonly<Record<number, string>> = {
  360: '360p',
  480: '480p',
  720: '720p',
  768: '768p',
  1080: '1080p',
  2160: '4k',
};

const COMMON = new Set(Object.values(RESOLUTION_OF_SIDE));

/** A little more than 21:9. Of a longer picture the shorter side does not tell the number of pixels. */
const LONGEST_ASPECT = 2.5;

/** A resolution that no price names. */
const OTHER = 'other';

/**
 * What `request` should cost in US dollars, as an exact decimal, from the model's published prices. `null` when it is not
 * known: no prices, no duration, or anything that could add to the price is not understood. Where the request leaves
 * something open (resolution, audio), the estimate stands only if every choice costs the same.
 */
export function estimateCostUsd(request: ProviderRequest, model: VideoModel): string | null {
  const seconds = request.duration;
  if (model.pricingSkus === null || seconds === undefined || !isUsable(seconds) || !isUnderstood(request)) return null;
  const prices = parsePriceList(model.pricingSkus);
  if (prices === null) return null;
  const usdPerSecond = rateFor(request, model, prices.rates);
  if (usdPerSecond === null) return null;
  const total = usdPerSecond.times(seconds).plus(prices.usdPerImage.times(imageCount(request)));
  return (total.lt(prices.minimumUsd) ? prices.minimumUsd : total).toFixed();
}

function isUsable(seconds: number): boolean {
  return Number.isFinite(seconds) && seconds > 0;
}

function isUnderstood(request: ProviderRequest): boolean {
  const unknown = Object.entries(request).filter(
    ([name, value]) => !UNDERSTOOD_FIELDS.has(name) && value !== null && value !== undefined,
  );
  return (
    unknown.length === 0 &&
    plainProvider.safeParse(request.provider).success &&
    passthroughParameters(request).every((name) => FREE_PARAMETERS.has(name))
  );
}

/** The one price that all possible readings of the request share, or `null`. */
function rateFor(request: ProviderRequest, model: VideoModel, rates: readonly Rate[]): Big | null {
  const source = sourceOf(request);
  const audios = request.generate_audio === undefined ? [true, false] : [request.generate_audio];
  const resolutions = possibleResolutions(request, model, rates);
  return same(
    resolutions.flatMap((resolution) => audios.map((audio) => mostSpecific(rates, { source, audio, resolution }))),
  );
}

type Conditions = Pick<Rate, 'source' | 'audio' | 'resolution'>;

/** Of the rates that apply, the one whose conditions include those of all others; `null` when there is none. */
function mostSpecific(rates: readonly Rate[], wanted: Conditions): Big | null {
  const applying = rates.filter((rate) => includes(wanted, rate));
  const best = applying.filter((rate) => applying.every((other) => includes(rate, other)));
  return best.some((rate) => isUndercut(rate, wanted, rates))
    ? null
    : same(best.map(({ usdPerSecond }) => usdPerSecond));
}

/** Whether a rate for all other resolutions is doubtful for the one that is wanted: one that is not larger costs more. */
function isUndercut({ resolution, usdPerSecond }: Rate, wanted: Conditions, rates: readonly Rate[]): boolean {
  if (resolution !== null) return false;
  return rates.some(
    (rate) =>
      rate.resolution !== null &&
      includes({ ...wanted, resolution: rate.resolution }, rate) &&
      rate.usdPerSecond.gt(usdPerSecond) &&
      !(leastSide(rate.resolution) > leastSide(wanted.resolution)),
  );
}

/** 4K is 2160 lines, and the others with a K have at least their share of that. */
function leastSide(resolution: string | null): number {
  const [, digits, unit] = /^(\d+)([pk])$/.exec(resolution ?? '') ?? [];
  return Number(digits) * (unit === 'k' ? 540 : 1);
}

/** Whether `general` sets no condition that `specific` does not meet. */
function includes(specific: Conditions, general: Conditions): boolean {
  return (['source', 'audio', 'resolution'] as const).every(
    (condition) => general[condition] === null || general[condition] === specific[condition],
  );
}

function same(prices: readonly (Big | null)[]): Big | null {
  const [first = null] = prices;
  return first !== null && prices.every((price) => price?.eq(first) === true) ? first : null;
}

/** What the request may mean. What has no common name, and no price by its name, may be any resolution, whatever else the request says. */
function possibleResolutions(request: ProviderRequest, model: VideoModel, rates: readonly Rate[]): readonly string[] {
  const ofSize = resolutionOfSize(request.size);
  const named = [request.resolution?.toLowerCase(), ofSize].filter((name) => name !== undefined);
  const declared = (model.resolutions ?? []).map((name) => name.toLowerCase());
  const priced = rates.flatMap(({ resolution }) => resolution ?? []);
  const stated = named.length > 0 ? named : declared;
  const isKnown = stated.length > 0 && stated.every((name) => COMMON.has(name) || priced.includes(name));
  if (isKnown && (request.size === undefined || ofSize !== undefined)) return stated;
  return [...named, ...declared, ...priced, OTHER];
}

function resolutionOfSize(size: string | undefined): string | undefined {
  if (size === undefined) return undefined;
  const sides = size.split('x').map(Number);
  const shorter = Math.min(...sides);
  return Math.max(...sides) <= LONGEST_ASPECT * shorter ? RESOLUTION_OF_SIDE[shorter] : undefined;
}

/** `frame_images` wins where both are given. */
function sourceOf(request: ProviderRequest): Source {
  if ((request.frame_images?.length ?? 0) > 0) return 'image';
  return (request.input_references?.length ?? 0) > 0 ? 'reference' : 'text';
}

function imageCount(request: ProviderRequest): number {
  if (sourceOf(request) === 'image') return request.frame_images?.length ?? 0;
  return request.input_references?.filter(({ type }) => type === 'image_url').length ?? 0;
}
