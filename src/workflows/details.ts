import { adoptCommand, cancelCommand, resolveCommands } from '../contract/commands.js';
import type { ProviderRequest, VideoStatus } from '../contract/types.js';

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

const PROMPT_CHARACTERS = 120;

export function describeRun(run: RunDescription): string {
  return [headline(run), ...facts(run), ...problem(run), ...advice(run)].join('\n');
}

function headline({ status, stateSince, cancelRequested }: RunDescription): string {
  const suffix = cancelRequested && !isClosed(status) ? ', cancel requested' : '';
  return `**${status.state}**${suffix} since ${stateSince}\n`;
}

function facts({ request, status, output }: RunDescription): string[] {
  const rows: [string, string | null][] = [
    ['model', request === undefined ? null : code(request.model)],
    ['prompt', promptOf(request)],
    ['job', status.jobId === null ? null : code(status.jobId)],
    ['provider says', status.providerStatus === null ? null : code(status.providerStatus)],
    ['polls', status.jobId === null ? null : pollsOf(status)],
    ['output', output === null ? null : code(output)],
    ['saved', status.assets.length === 0 ? null : status.assets.map((asset) => code(asset.uri)).join(', ')],
    ['cost', costOf(status)],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [`- ${name}: ${value}`]));
}

function promptOf(request: ProviderRequest | undefined): string | null {
  if (request?.prompt === undefined || request.prompt === '') return null;
  const words = request.prompt.replace(/\s+/g, ' ').trim();
  return code(words.length > PROMPT_CHARACTERS ? `${words.slice(0, PROMPT_CHARACTERS)}…` : words);
}

function pollsOf({ polls, nextPollAt }: VideoStatus): string {
  return nextPollAt === null ? String(polls) : `${polls}, next at ${nextPollAt}`;
}

function costOf({ costUsd, estimatedCostUsd }: VideoStatus): string | null {
  if (costUsd !== null) return `$${costUsd}${estimatedCostUsd === null ? '' : ` (estimated $${estimatedCostUsd})`}`;
  return estimatedCostUsd === null ? null : `estimated $${estimatedCostUsd}`;
}

function problem({ status }: RunDescription): string[] {
  return status.error === null ? [] : ['', `**${status.error.type}**: ${plain(status.error.message)}`];
}

function advice(run: RunDescription): string[] {
  const { status, workflowId } = run;
  if (status.state === 'awaiting_decision') {
    const [adopt, resubmit, abandon] = resolveCommands(workflowId);
    return [
      '',
      'A paid job may exist. Look at the provider’s activity page, then answer with one of:',
      `- it exists: ${code(adopt)}`,
      `- it does not exist, pay for a new one: ${code(resubmit)}`,
      `- give up: ${code(abandon)}`,
    ];
  }
  if (!isClosed(status)) return ['', `To cancel: ${code(cancelCommand(workflowId))} or the signal \`cancel\`.`];
  if (status.state === 'cancelled' && status.jobId !== null) {
    return ['', `To save the video after all: ${code(adoptCommand(status.jobId, run.output))}`];
  }
  return [];
}

function isClosed({ state }: VideoStatus): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Inline code that holds other people's text: backticks would end it. */
function code(text: string): string {
  return `\`${text.replaceAll('`', 'ʼ')}\``;
}

/** Other people's text as text: nothing in it is Markdown or HTML. */
function plain(text: string): string {
  return text.replace(/[\\`*_[\]<>#|~!]/g, (character) => `\\${character}`);
}
