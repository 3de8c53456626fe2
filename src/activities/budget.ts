import Big from 'big.js';
import { askedToWait } from '../contract/asked-to-wait.js';
import { dollars } from '../contract/dollars.js';
import type { ProviderRequest } from '../contract/types.js';
import type { VideoModel } from '../openrouter/answers.js';
import { estimateCostUsd } from '../openrouter/pricing.js';
import { finalFailure } from './failures.js';
import type { ModelCatalog } from './model-catalog.js';
import { unavailable, type Patience } from './retry-time.js';

/** A model list that lacks the asked model is asked for again when it is older than this: the model may be new. */
const RECHECK_MS = 10_000;

interface Allowed extends Patience {
  readonly maxCostUsd?: number | undefined;
}

/** The list that has the model in it, if there is one; `null` where it cannot be read, and without a budget need not be. */
export async function modelsFor(
  id: string,
  models: ModelCatalog,
  { maxCostUsd, ...patience }: Allowed,
): Promise<readonly VideoModel[] | null> {
  let answer = await models.list();
  if (answer.outcome === 'models' && !answer.models.some((entry) => isModel(entry, id))) {
    answer = await models.list(RECHECK_MS);
  }
  if (answer.outcome === 'models') return answer.models;
  if (maxCostUsd === undefined) return null;
  if (answer.outcome === 'denied') {
    throw finalFailure(
      answer.httpStatus === 401 ? 'AuthenticationFailed' : 'PermissionDenied',
      `${answer.message} Nothing was submitted.`,
    );
  }
  const { message, retryAfterMs } = answer;
  const what = `The price of ${id} is unknown, because the model list cannot be read: ${message}${askedToWait(retryAfterMs)} Nothing was submitted.`;
  throw unavailable(what, patience, { retryAfterMs });
}

function isModel(entry: VideoModel, id: string): boolean {
  return entry.id === id || entry.canonicalSlug === id;
}

/**
 * What the request should cost in US dollars; `null` where that is not known.
 * @throws BudgetExceeded - it is more than `maxCostUsd`, or cannot be known to be less
 */
export function holdToBudget(
  request: ProviderRequest,
  models: readonly VideoModel[] | null,
  maxCostUsd: number | undefined,
): string | null {
  const estimate = models === null ? null : estimateOf(request, models);
  if (maxCostUsd !== undefined) refuseAbove(maxCostUsd, estimate, request);
  return estimate;
}

/** A slug may stand for several models, and which one the provider takes is its choice: the dearest counts. */
function estimateOf(request: ProviderRequest, models: readonly VideoModel[]): string | null {
  const estimates = models
    .filter((entry) => isModel(entry, request.model))
    .map((entry) => estimateCostUsd(request, entry));
  return estimates.reduce((dearest, estimate) => {
    if (dearest === null || estimate === null) return null;
    return new Big(estimate).gt(dearest) ? estimate : dearest;
  }, estimates[0] ?? null);
}

function refuseAbove(maxCostUsd: number, estimate: string | null, request: ProviderRequest): void {
  const { model } = request;
  if (estimate === null) {
    const open = leftOpen(request);
    const advice =
      open.length === 0
        ? 'Leave maxCostUsd out, or choose a model whose price "longtake models" shows.'
        : `Say ${open.join(' and ')}: the price depends on it.`;
    throw finalFailure(
      'BudgetExceeded',
      `The price of this request to ${model} cannot be known beforehand, so it cannot be held under maxCostUsd ${maxCostUsd}. ` +
        `Nothing was submitted. ${advice}`,
    );
  }
  if (new Big(estimate).gt(maxCostUsd)) {
    throw finalFailure(
      'BudgetExceeded',
      `The request to ${model} is estimated at ${dollars(estimate)}, over maxCostUsd ${maxCostUsd}. Nothing was submitted. ` +
        'Raise maxCostUsd (--max-cost), or ask for fewer seconds or a lower resolution.',
    );
  }
}

/** What most prices go by, and this request does not say. */
function leftOpen({ duration, resolution, size }: ProviderRequest): string[] {
  return [
    ...(duration === undefined ? ['duration'] : []),
    ...(resolution === undefined && size === undefined ? ['resolution'] : []),
  ];
}
