import { activityInfo } from '@temporalio/activity';
import Big from 'big.js';
import type { ProviderRequest } from '../contract/types.js';
import type { VideoModel } from '../openrouter/answers.js';
import { estimateCostUsd } from '../openrouter/pricing.js';
import { finalFailure, passingFailure } from './failures.js';
import type { ModelCatalog } from './model-catalog.js';
import { retryDelayMs } from './retry-time.js';

/** A model list that lacks the asked model is asked for again when it is older than this: the model may be new. */
const RECHECK_MS = 10_000;

interface Allowed {
  readonly maxCostUsd?: number | undefined;
  /** How long a model list that cannot be read is asked for again, in milliseconds. */
  readonly submitMs: number;
  readonly elapsedMs: () => number;
}

/** The list that has the model in it, if there is one; `null` where it cannot be read, and without a budget need not be. */
export async function modelsFor(
  id: string,
  models: ModelCatalog,
  { maxCostUsd, submitMs, elapsedMs }: Allowed,
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
  const what = `The price of ${id} is unknown, because the model list cannot be read: ${answer.message} Nothing was submitted.`;
  const delayMs = retryDelayMs(activityInfo().attempt, answer.retryAfterMs);
  if (elapsedMs() + delayMs > submitMs) throw finalFailure('ProviderUnavailable', what);
  throw passingFailure('ProviderUnavailable', what, { delayMs });
}

function isModel(entry: VideoModel, id: string): boolean {
  return entry.id === id || entry.canonicalSlug === id;
}

export function estimateOf(
  request: Parameters<typeof estimateCostUsd>[0],
  models: readonly VideoModel[],
): string | null {
  const model = models.find((entry) => isModel(entry, request.model));
  return model === undefined ? null : estimateCostUsd(request, model);
}

export function checkBudget(estimate: string | null, maxCostUsd: number | undefined, request: ProviderRequest): void {
  if (maxCostUsd === undefined) return;
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
      `The request to ${model} is estimated at $${estimate}, over maxCostUsd ${maxCostUsd}. Nothing was submitted. ` +
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
