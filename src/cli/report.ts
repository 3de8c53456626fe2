import { fileURLToPath } from 'node:url';
import { resolveCommands } from '../contract/commands.js';
import { dollars } from '../contract/dollars.js';
import { isSimulatedJob } from '../contract/job-id.js';
import type { GenerateVideoResult, VideoAsset, VideoStatus } from '../contract/types.js';
import { isUnbilled, UNBILLED } from '../contract/unbilled.js';
import { commandHere } from './command-here.js';
import { bytes } from './format.js';
import type { Outcome } from './outcome.js';
import { complain, print, say, warn } from './output.js';
import { paint } from './terminal.js';

export interface ReportOptions {
  /** What to start before an answer can be given, or `null` when everything runs already. */
  readonly startFirst: string | null;
}

/** Tells people how a run ended: addresses on standard output, the rest on standard error. */
export function report(outcome: Outcome, { startFirst }: ReportOptions): void {
  const { id, state, result, error } = outcome;
  const message = error?.message ?? 'no reason was recorded';
  if (result !== null) reportVideos(result);
  else if (state === 'succeeded') complain(message);
  else if (state === 'cancelled') say(`run ${id} was cancelled: ${message}`);
  else if (state === 'awaiting_decision') askForDecision(id, message, startFirst);
  else complain(`run ${id} failed (${error?.type ?? 'Unexpected'}): ${message}`);
}

function reportVideos(result: GenerateVideoResult): void {
  const { assets } = result;
  for (const asset of assets) {
    say(describeAsset(asset), `${paint('green', 'saved')}   `);
    say(`sha256  ${asset.sha256}`);
  }
  say(`cost    ${costText({ ...result, state: 'succeeded', warnings: [], error: null })}`);
  for (const { uri } of assets) print(uri);
}

export function describeAsset({ uri, bytes: size, durationSeconds, width, height }: VideoAsset): string {
  const parts = [bytes(size)];
  if (durationSeconds !== null) parts.push(`${Number(durationSeconds.toFixed(2))} s`);
  if (width !== null && height !== null) parts.push(`${width}x${height}`);
  return `${place(uri)}  (${parts.join(', ')})`;
}

type Costs = Parameters<typeof isUnbilled>[0] & Pick<VideoStatus, 'estimatedCostUsd'>;

/** What a job of the simulator cost, nobody paid. */
export function costText(costs: Costs): string {
  if (isUnbilled(costs)) return UNBILLED;
  const isAmount = costs.costUsd !== null || costs.estimatedCostUsd !== null;
  return `${amountText(costs)}${isAmount && isSimulatedJob(costs.jobId) ? ', simulated' : ''}`;
}

function amountText({ state, costUsd, estimatedCostUsd }: Costs): string {
  const unknown = state === 'succeeded' ? 'not told by the provider' : 'not known';
  if (estimatedCostUsd === null) return costUsd === null ? unknown : dollars(costUsd);
  const estimate = dollars(estimatedCostUsd);
  if (costUsd === null) return `${unknown} (estimated ${estimate})`;
  if (costUsd > estimatedCostUsd) return `${dollars(costUsd)}, above the estimate of ${estimate}`;
  return `${dollars(costUsd)}${estimatedCostUsd === costUsd ? '' : ` (estimated ${estimate})`}`;
}

/** A path reads better than a file address. */
function place(uri: string): string {
  return uri.startsWith('file:') ? fileURLToPath(uri) : uri;
}

function askForDecision(id: string, message: string, startFirst: string | null): void {
  warn(`run ${id} awaits a decision: ${message}`);
  if (startFirst !== null) say(`To answer, first start what serves it, in another terminal: ${startFirst}`);
  sayAnswers(id);
}

/** The three answers there are, ready to be copied. */
export function sayAnswers(id: string): void {
  const [adopt = '', resubmit = '', abandon = ''] = resolveCommands(id).map(commandHere);
  say("Look at the provider's activity page, then answer with one of these:");
  say(`  the job is there:  ${adopt}`);
  say(`  there is no job:   ${resubmit}`);
  say(`  give up:           ${abandon}`);
}
