import { posix } from 'node:path';
import { unescape } from 'node:querystring';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { inPlainWords } from '../contract/issue-words.js';
import { DEFAULT_POLLING, DEFAULT_TIMEOUTS, LIMITS } from '../contract/limits.js';
import { defaultOutputKey, outputKeyProblem } from '../contract/output-key.js';
import { describeIssues, durationMs, generateVideoInput } from '../contract/schemas.js';
import type { GenerateVideoInput, ProviderRequest } from '../contract/types.js';
import { capabilityProblem } from '../openrouter/capabilities.js';
import { StorageError } from '../storage/port.js';
import { holdToBudget, modelsFor } from './budget.js';
import type { ActivityDeps } from './deps.js';
import { finalFailure } from './failures.js';
import { stopwatch } from './retry-time.js';
import { callbackUrl, completeRequest } from './submit-video.js';

/** What a run goes by once its input was checked: defaults filled in, durations in milliseconds. */
export interface Plan {
  /** `null` for an adopted job. */
  readonly model: string | null;
  readonly output: string;
  readonly overwrite: boolean;
  readonly polling: {
    readonly initialIntervalMs: number;
    readonly backoffCoefficient: number;
    readonly maximumIntervalMs: number;
    readonly maximumAttempts: number;
    readonly timeoutMs: number;
  };
  readonly submitMs: number;
  readonly downloadMs: number;
  readonly onCancel: 'abandon' | 'settle';
  readonly estimatedCostUsd: number | null;
  /** Whether the run may set search attributes. */
  readonly searchAttributes: boolean;
}

/** Of a failure, in its details: a refused request has no plan, and its run is to be found by its state all the same. */
export type CheckFailureDetails = Pick<Plan, 'searchAttributes'>;

export function createCheckRequest({ models, store, settings }: ActivityDeps) {
  /**
   * Everything that can be known before money is spent: the input's shape, the output key and its storage, what the
   * model supports, what it will cost.
   */
  return async function checkRequest(input: GenerateVideoInput): Promise<Plan> {
    try {
      return await check(input);
    } catch (error) {
      throw error instanceof ApplicationFailure
        ? withDetails(error, { searchAttributes: settings.searchAttributes })
        : error;
    }
  };

  async function check(input: GenerateVideoInput): Promise<Plan> {
    const elapsedMs = stopwatch();
    const plan = planOf(parse(input), settings.searchAttributes);
    await checkStorage(plan);
    if (input.request === undefined) return plan;

    checkCallback(input.request);
    const request = completeRequest(input.request, null);
    const list = await modelsFor(request.model, models, { ...input, submitMs: plan.submitMs, elapsedMs });
    const problem = list === null ? null : capabilityProblem(request, list);
    if (problem !== null) throw refused(problem);
    const estimate = holdToBudget(request, list, input.maxCostUsd);
    return { ...plan, estimatedCostUsd: estimate === null ? null : Number(estimate) };
  }

  /** Its events would be signed by the provider, and be another run's. */
  function checkCallback({ callback_url: given }: ProviderRequest): void {
    const own = callbackUrl(settings.webhookUrl);
    if (given === undefined || own === null || given === own) return;
    if (placeOf(given).startsWith(placeOf(own.slice(0, own.lastIndexOf('/') + 1)))) {
      throw refused(
        'request.callback_url leads to another run of this longtake. Leave it out: longtake gives its own.',
      );
    }
  }

  async function checkStorage(plan: Plan): Promise<void> {
    try {
      const { workflowId = '', runId = '' } = activityInfo().workflowExecution ?? {};
      await store.check(plan.output, { overwrite: plan.overwrite, owner: { workflowId, runId, jobId: '' } });
    } catch (error) {
      if (error instanceof StorageError) throw finalFailure(error.type, `${error.message} Nothing was submitted.`);
      throw error;
    }
  }
}

function withDetails(failure: ApplicationFailure, details: CheckFailureDetails): ApplicationFailure {
  const { message, type, nonRetryable, nextRetryDelay, cause } = failure;
  return new ApplicationFailure(message, type, nonRetryable, [details], cause, nextRetryDelay);
}

/** Host, port and path of an `https:` address, the same for all spellings that lead there. */
function placeOf(address: string): string {
  const { hostname, port, pathname } = new URL(address);
  return `${hostname.replace(/\.$/, '')}:${port}${posix.normalize(unescape(pathname))}`;
}

function parse(input: GenerateVideoInput): GenerateVideoInput {
  const parsed = generateVideoInput.safeParse(input, { error: inPlainWords });
  if (!parsed.success) throw refused(`The input is wrong: ${describeIssues(parsed.error)}.`);
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > LIMITS.inputBytes) {
    throw refused(
      `The input has ${bytes} bytes, more than the ${LIMITS.inputBytes} that fit into a workflow's history. ` +
        'Give images by address instead of as data.',
    );
  }
  return parsed.data;
}

function refused(what: string): ApplicationFailure {
  return finalFailure('InvalidRequest', `${what} Nothing was submitted.`);
}

function planOf(input: GenerateVideoInput, searchAttributes: boolean): Plan {
  const output = input.output ?? defaultOutputKey(activityInfo().workflowExecution?.workflowId ?? '');
  const problem = outputKeyProblem(output);
  if (problem !== null) throw refused(`The output key ${JSON.stringify(output)} is refused: ${problem}.`);
  return {
    model: input.request?.model ?? null,
    output,
    overwrite: input.overwrite ?? false,
    polling: pollingOf(input.polling ?? {}),
    submitMs: durationMs(input.timeouts?.submit ?? DEFAULT_TIMEOUTS.submit),
    downloadMs: durationMs(input.timeouts?.download ?? DEFAULT_TIMEOUTS.download),
    onCancel: input.onCancel ?? 'abandon',
    estimatedCostUsd: null,
    searchAttributes,
  };
}

function pollingOf(polling: NonNullable<GenerateVideoInput['polling']>): Plan['polling'] {
  const maximum = polling.maximumInterval ?? DEFAULT_POLLING.maximumInterval;
  const initial = polling.initialInterval ?? DEFAULT_POLLING.initialInterval;
  // Whoever gives one of the two means it: the other one's default follows.
  const initialIntervalMs =
    polling.initialInterval === undefined ? Math.min(durationMs(initial), durationMs(maximum)) : durationMs(initial);
  const maximumIntervalMs =
    polling.maximumInterval === undefined ? Math.max(durationMs(maximum), initialIntervalMs) : durationMs(maximum);
  return {
    initialIntervalMs,
    backoffCoefficient: polling.backoffCoefficient ?? DEFAULT_POLLING.backoffCoefficient,
    maximumIntervalMs,
    maximumAttempts: polling.maximumAttempts ?? DEFAULT_POLLING.maximumAttempts,
    timeoutMs: durationMs(polling.timeout ?? DEFAULT_POLLING.timeout),
  };
}
