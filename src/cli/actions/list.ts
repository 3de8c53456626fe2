import type { Client } from '@temporalio/client';
import type { ListOptions, RunSummary } from '../../client/index.js';
import { loadConfig } from '../../config.js';
import { statusCommand } from '../../contract/commands.js';
import { dollars } from '../../contract/dollars.js';
import type { ProblemType } from '../../contract/failures.js';
import { WORKFLOW_TYPE } from '../../contract/names.js';
import { isSimulatedJob } from '../../contract/job-id.js';
import { commandHere } from '../command-here.js';
import { connected } from '../connect.js';
import { usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { age, cancelSuffix, table } from '../format.js';
import { print, printHeading, printJson, say, warn } from '../output.js';
import { plain } from '../terminal.js';

export interface ListFlags {
  readonly state?: ListOptions['state'] | undefined;
  readonly model?: string | undefined;
  readonly limit?: number | undefined;
  readonly json?: true | undefined;
}

export async function list({ state, model, limit, json }: ListFlags): Promise<ExitCode> {
  if (model?.trim() === '') throw usageError('--model is empty. Name a model, or leave --model out.');
  const filter = {
    ...(state === undefined ? {} : { state }),
    ...(model === undefined ? {} : { model }),
  };
  const shown = limit ?? DEFAULT_LIMIT;
  const { runs, isCutOff, waiting } = await connected(loadConfig(), async ({ longtake, temporal }) => {
    const found = await longtake.list({ ...filter, limit: shown + 1 });
    const isCutOff = found.length > shown;
    return { runs: found.slice(0, shown), isCutOff, waiting: isCutOff ? await awaitingDecision(temporal) : null };
  });
  if (json === true) printJson(runs.map(asJson));
  else if (runs.length === 0) say('There are no such runs.');
  else printTable(runs);
  sayUnreadable(runs);
  if (json !== true) sayStandingStill(runs, isCutOff);
  if (isCutOff) sayMore(shown, waiting);
  return EXIT.done;
}

const DEFAULT_LIMIT = 50;

/** How many there are in all; `null` where the server cannot count them, as the namespace has no search attributes. */
async function awaitingDecision({ workflow }: Client): Promise<number | null> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND LongtakeState = 'awaiting_decision'`;
  return await workflow.count(query).then(
    ({ count }) => count,
    () => null,
  );
}

function sayMore(shown: number, waiting: number | null): void {
  say(`There are more than these ${shown}. To see more: ${commandHere(`longtake list --limit ${shown * 10}`)}`);
  if (waiting === null || waiting === 0) return;
  const which = waiting === 1 ? 'One run awaits' : `${waiting} runs await`;
  warn(`${which} a decision. To see which: ${commandHere('longtake list --state awaiting_decision')}`);
}

function asJson(run: RunSummary): Record<string, unknown> {
  const { id, runId, state, errorType, model, jobId, costUsd, startedAt, closedAt, cancelRequested, standstill } = run;
  return { id, runId, state, errorType, model, jobId, costUsd, startedAt, closedAt, cancelRequested, standstill };
}

const HEADINGS = ['ID', 'STATE', 'AGE', 'MODEL', 'POLLS', 'COST', 'JOB'];

function printTable(runs: readonly RunSummary[]): void {
  const now = Date.now();
  const rows = runs.map((run) => [
    plain(run.id),
    stateText(run),
    age(run.startedAt, now),
    plain(run.model ?? '-'),
    String(run.polls ?? '-'),
    costCell(run),
    plain(run.jobId ?? '-'),
  ]);
  const [head = '', ...lines] = table([HEADINGS, ...rows]);
  printHeading(head);
  for (const line of lines) print(line);
}

function costCell({ costUsd, jobId }: RunSummary): string {
  if (costUsd === null) return '-';
  return `${dollars(costUsd)}${isSimulatedJob(jobId) ? ' simulated' : ''}`;
}

const UNREAD_MARK = '*';

function stateText(run: RunSummary): string {
  const { state, cancelRequested, standstill, unreadable } = run;
  const mark = unreadable === null ? '' : ` ${UNREAD_MARK}`;
  const still = standstill === null ? '' : `, ${STILL[standstill.type] ?? 'stands still'}`;
  return `${state ?? '?'}${whyText(run)}${cancelSuffix({ cancelRequested })}${still}${mark}`;
}

/** Why it failed, or what troubles it. The other states say it themselves, and so does a standstill. */
function whyText({ state, closedAt, errorType, standstill }: RunSummary): string {
  const isTold = state === 'failed' || (closedAt === null && standstill === null && state !== 'awaiting_decision');
  return isTold && errorType !== null ? ` (${errorType})` : '';
}

const STILL: Readonly<Partial<Record<ProblemType, string>>> = {
  NoWorker: 'no worker',
  Paused: 'paused',
  StepTimesOut: 'step times out',
  Unexpected: 'step fails',
};

function sayStandingStill(runs: readonly RunSummary[], isCutOff: boolean): void {
  const [first, ...others] = runs.filter(({ standstill }) => standstill !== null);
  if (first === undefined) return;
  const count = others.length + 1;
  const some = count === 1 ? 'One run stands still' : `${count} runs stand still`;
  const which = isCutOff ? `${count} of the runs shown ${count === 1 ? 'stands' : 'stand'} still` : some;
  warn(`${which}. To see why: ${commandHere(statusCommand(first.id))}`);
}

/** One line for each reason, of which there are one or two. */
function sayUnreadable(runs: readonly RunSummary[]): void {
  const reasons = new Set(runs.map(({ unreadable }) => unreadable).filter((reason) => reason !== null));
  for (const reason of reasons) {
    const count = runs.filter(({ unreadable }) => unreadable === reason).length;
    const which = count === 1 ? 'one run is shown in part' : `${count} runs are shown in part`;
    warn(`${UNREAD_MARK} ${which}: ${reason}`);
  }
}
