import { z } from 'zod';
import type { VideoModel } from './answers.js';

const texts = z.array(z.string()).nullish().catch(null);
const text = z.string().nullish().catch(null);
const flag = z.boolean().nullish().catch(null);
const skus = z
  .record(z.string(), z.union([z.string(), z.number().transform(String)]))
  .nullish()
  // One unreadable price makes them all unknown: leaving it out could only make the estimate too low.
  .catch(null);

const modelEntry = z.object({
  // Ids are printed and compared; one with spaces or control characters is no id.
  id: z.string().regex(/^[^\s\p{C}]+$/u),
  canonical_slug: text,
  name: text,
  description: text,
  supported_durations: z.array(z.number()).nullish().catch(null),
  supported_resolutions: texts,
  supported_aspect_ratios: texts,
  supported_sizes: texts,
  supported_frame_images: texts,
  generate_audio: flag,
  seed: flag,
  allowed_passthrough_parameters: texts,
  pricing_skus: skus,
});

/** One entry of the model list, or `null` when it is none. What cannot be read counts as not declared. */
export function parseVideoModel(value: unknown): VideoModel | null {
  const parsed = modelEntry.safeParse(value);
  if (!parsed.success) return null;
  const entry = parsed.data;
  return {
    id: entry.id,
    canonicalSlug: printable(entry.canonical_slug),
    name: printable(entry.name),
    description: printable(entry.description),
    durations: entry.supported_durations ?? null,
    resolutions: entry.supported_resolutions ?? null,
    aspectRatios: entry.supported_aspect_ratios ?? null,
    sizes: entry.supported_sizes ?? null,
    frameImages: entry.supported_frame_images ?? null,
    generateAudio: entry.generate_audio ?? null,
    seed: entry.seed ?? null,
    passthroughParameters: entry.allowed_passthrough_parameters ?? null,
    pricingSkus: entry.pricing_skus ?? null,
  };
}

/** It ends on a terminal: no control characters. */
function printable(value: string | null | undefined): string | null {
  return value?.replace(/[\p{Cc}\p{Cf}]+/gu, ' ') ?? null;
}
