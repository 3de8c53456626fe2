import { z } from 'zod';
import type { ProviderRequest } from '../contract/types.js';
import type { VideoModel } from './answers.js';

const MAX_NAMED_MODELS = 10;

const parametersOfSlug = z.object({ parameters: z.record(z.string(), z.unknown()) });
const optionsBySlug = z.record(z.string(), z.unknown());

/**
 * Why the provider would refuse `request`, in a sentence that names what is supported, or `null`. What a model does not
 * declare cannot be checked and passes; so does everything when there is no model list at all.
 */
export function capabilityProblem(request: ProviderRequest, models: readonly VideoModel[]): string | null {
  if (models.length === 0) return null;
  const model = models.find(({ id, canonicalSlug }) => id === request.model || canonicalSlug === request.model);
  if (model === undefined)
    return `There is no video model "${request.model}". Choose another, such as ${nearIds(request.model, models)}.`;
  return (
    unsupported(model, 'duration', request.duration, sorted(model.durations)) ??
    unsupported(model, 'resolution', request.resolution, model.resolutions) ??
    unsupported(model, 'aspect_ratio', request.aspect_ratio, model.aspectRatios) ??
    unsupported(model, 'size', request.size, model.sizes) ??
    frameImagesProblem(request, model) ??
    featureProblem(request, model) ??
    passthroughProblem(request, model)
  );
}

function unsupported<T>(
  model: VideoModel,
  field: string,
  value: T | undefined,
  supported: readonly T[] | null,
): string | null {
  if (value === undefined || supported === null || supported.includes(value)) return null;
  return `The ${field} ${String(value)} is not supported by ${model.id}, which supports ${list(supported)}.`;
}

function frameImagesProblem(request: ProviderRequest, model: VideoModel): string | null {
  for (const { frame_type } of request.frame_images ?? []) {
    const problem = unsupported(model, 'frame_type', frame_type, model.frameImages);
    if (problem !== null) return problem;
  }
  return null;
}

function featureProblem(request: ProviderRequest, model: VideoModel): string | null {
  if (request.generate_audio === true && model.generateAudio === false) {
    return `The option generate_audio is not supported by ${model.id}, which makes silent videos only.`;
  }
  if (request.seed !== undefined && model.seed === false) return `The option seed is not supported by ${model.id}.`;
  return null;
}

/** The provider drops parameters that it does not know without a word. */
function passthroughProblem(request: ProviderRequest, model: VideoModel): string | null {
  for (const name of passthroughParameters(request)) {
    const problem = unsupported(model, 'provider parameter', name, model.passthroughParameters);
    if (problem !== null) return problem;
  }
  return null;
}

/** The names in `provider.options.<slug>.parameters`, of all slugs. */
export function passthroughParameters(request: ProviderRequest): string[] {
  const options = optionsBySlug.safeParse(request.provider?.['options']);
  return Object.values(options.data ?? {}).flatMap((option) => {
    const { data } = parametersOfSlug.safeParse(option);
    return Object.keys(data?.parameters ?? {});
  });
}

/** The ids that share most words with the one asked for; without any in common, the first ones. */
function nearIds(wanted: string, models: readonly VideoModel[]): string {
  const wantedWords = new Set(words(wanted));
  const shared = (id: string): number => words(id).filter((word) => wantedWords.has(word)).length;
  const near = models.map(({ id }) => id).sort((a, b) => shared(b) - shared(a));
  return list(near.slice(0, MAX_NAMED_MODELS)) + (near.length > MAX_NAMED_MODELS ? ', …' : '');
}

function words(id: string): string[] {
  return id.toLowerCase().split(/[^a-z0-9]+/);
}

function sorted(durations: readonly number[] | null): readonly number[] | null {
  return durations === null ? null : [...durations].sort((a, b) => a - b);
}

function list(values: readonly unknown[]): string {
  return values.length === 0 ? 'none' : values.map(String).join(', ');
}
