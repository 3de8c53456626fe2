import { cancelCommand, resolveCommands } from '../contract/commands.js';
import { dollars } from '../contract/dollars.js';
import { firstWords } from '../contract/first-words.js';
import { code, prose } from '../contract/markdown.js';
import type { ProviderRequest, VideoStatus } from '../contract/types.js';
import { isUnbilled, UNBILLED } from '../contract/unbilled.js';

/** What an operator sees in Temporal's UI as current details, in Markdown. Pure text. */
export interface RunDescription {
  readonly workflowId: string;
  readonly request: ProviderRequest | undefined;
  readonly status: VideoStatus;
  /** ISO time at which the present state began. */
  readonly stateSince: string;
  readonly cancelRequested: boolean;
  readonly output: string | null;
}

/** The first words; Temporal's UI cuts off long details at their end, so this is there. */
const PROMPT_CHARACTERS = 80;

/** What is news comes first, and what was asked for, which does not change, last. */
export function describeRun(run: RunDescription): string {
  const { state } = run.status;
  const told =
    state === 'awaiting_decision'
      ? [...problem(run), ...question(run)]
      : [...progress(run), ...warnings(run), ...problem(run), ...advice(run)];
  return [headline(run), ...told, ...request(run)].join('\n');
}

function headline({ status, stateSince, cancelRequested }: RunDescription): string {
  const suffix = cancelRequested && !isClosed(status) ? '; cancel requested' : '';
  return `**${status.state}** since ${stateSince}${suffix}`;
}

function progress({ status }: RunDescription): string[] {
  return list([
    ['job', status.jobId === null ? null : code(status.jobId)],
    ['provider says', status.providerStatus === null ? null : code(status.providerStatus)],
    ['polls', status.jobId === null ? null : pollsOf(status)],
    ['cost', costOf(status)],
    ['saved', status.assets.length === 0 ? null : status.assets.map((asset) => code(asset.uri)).join(', ')],
  ]);
}

function request({ request, output }: RunDescription): string[] {
  const rows = list([
    ['output', output === null ? null : code(output)],
    ['model', request === undefined ? null : code(request.model)],
    ['prompt', promptOf(request)],
  ]);
  return rows.length === 0 ? [] : ['', 'Asked for:', ...rows];
}

/** A list is one only after an empty line: the UI's Markdown is strict. */
function list(rows: readonly (readonly [name: string, value: string | null])[]): string[] {
  const lines = rows.flatMap(([name, value]) => (value === null ? [] : [`- ${name}: ${value}`]));
  return lines.length === 0 ? [] : ['', ...lines];
}

function promptOf(request: ProviderRequest | undefined): string | null {
  if (request?.prompt === undefined || request.prompt === '') return null;
  return code(firstWords(request.prompt, PROMPT_CHARACTERS));
}

function pollsOf({ polls, nextPollAt }: VideoStatus): string {
  return nextPollAt === null ? String(polls) : `${polls}, next at ${nextPollAt}`;
}

function costOf(status: VideoStatus): string | null {
  const { costUsd, estimatedCostUsd } = status;
  if (isUnbilled(status)) return UNBILLED;
  if (estimatedCostUsd === null) return costUsd === null ? null : price(costUsd);
  if (costUsd === null) return unknownCost(status, `estimated ${price(estimatedCostUsd)}`);
  if (costUsd > estimatedCostUsd) return `${price(costUsd)}, above the estimate of ${price(estimatedCostUsd)}`;
  return `${price(costUsd)} (estimated ${price(estimatedCostUsd)})`;
}

function unknownCost(status: VideoStatus, estimate: string): string {
  if (!isClosed(status)) return estimate;
  return `${status.state === 'succeeded' ? 'not told by the provider' : 'not known'} (${estimate})`;
}

/** As code: between two dollar signs the UI would set mathematics. */
function price(amount: number): string {
  return code(dollars(amount));
}

function warnings({ status }: RunDescription): string[] {
  return status.warnings.flatMap((warning) => ['', `**Warning**: ${prose(warning)}`]);
}

function problem({ status }: RunDescription): string[] {
  return status.error === null ? [] : ['', `**${status.error.type}**: ${prose(status.error.message)}`];
}

function question({ workflowId }: RunDescription): string[] {
  const [adopt, resubmit, abandon] = resolveCommands(workflowId);
  return [
    '',
    'Look at the provider’s activity page, then answer with one of:',
    ...list([
      ['the job is there', code(adopt)],
      ['there is no job, pay for a new one', code(resubmit)],
      ['give up', code(abandon)],
    ]),
  ];
}

function advice({ status, workflowId, cancelRequested }: RunDescription): string[] {
  // How a run ended has its command, if there is one, in its last words.
  if (isClosed(status)) return [];
  if (cancelRequested) return afterCancel(status);
  return ['', `To cancel: ${code(cancelCommand(workflowId))} or the signal ${code('cancel')}.`];
}

/** Only a run that settles goes on generating after a cancel. */
function afterCancel({ state }: VideoStatus): string[] {
  if (state === 'submitting')
    return ['', 'It closes once the answer to its request is there, and names the job that came of it.'];
  if (state !== 'generating') return [];
  return ['', `It saves nothing any more: it polls only for what the job costs, until ${SETTLES_UNTIL}.`];
}

const SETTLES_UNTIL = 'the job ends or the polling bound is met, and then closes as cancelled';

function isClosed({ state }: VideoStatus): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
