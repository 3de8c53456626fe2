import {
  WorkflowNotFoundError,
  type Client,
  type WorkflowClient,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import type { Problem } from '../contract/failures.js';
import { MODEL_MEMO, WORKFLOW_TYPE, type SEARCH_ATTRIBUTES } from '../contract/names.js';
import { videoState } from '../contract/schemas.js';
import type { VideoState, VideoStatus } from '../contract/types.js';
import { decryptionErrorIn } from '../encryption/decryption-error.js';
import { askRun } from './ask-run.js';
import { isCancelRequested } from './cancel-requested.js';
import { pendingWork } from './pending-work.js';
import { closedStatus, impliedState, recordedStatus, recordProblem } from './run-status.js';
import { standstill } from './standstill.js';
import { readMemo, withUnreadMemos, type MemoReading } from './unread-memos.js';

/** One row of a list of runs. Times are ISO; absent things are `null`. */
export interface RunSummary {
  readonly id: string;
  readonly runId: string;
  readonly taskQueue: string;
  /** `null` only where what the run recorded cannot be read. */
  readonly state: VideoState | null;
  readonly model: string | null;
  readonly jobId: string | null;
  readonly costUsd: number | null;
  /** Of a run that is `generating` it is asked for, and `null` where no worker answers at once; also where what the run recorded cannot be read. */
  readonly polls: number | null;
  readonly startedAt: string;
  readonly closedAt: string | null;
  /** A cancel has reached the run, and it waits for something before it closes. */
  readonly cancelRequested: boolean;
  /** Why nothing happens on an open run: no worker takes it (`NoWorker`), it is `Paused`, its step fails (`Unexpected`), or a worker takes it and does not answer (`StepTimesOut`); else `null`. */
  readonly standstill: Problem | null;
  /** Of what the run failed with, was cancelled by, is in trouble with or waits on: its standstill's, else that of the error of its status. */
  readonly errorType: string | null;
  /** Why what the run recorded cannot be read, such as a key that is missing; then only what Temporal itself shows is known. */
  readonly unreadable: string | null;
}

export interface ListOptions {
  readonly state?: VideoState;
  readonly model?: string;
  /** At most this many: open runs first, then closed ones, the last closed first. Default 50. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 50;
/** Open runs, of which there may be thousands. */
const ASKED_AT_ONCE = 50;
/** A worker answers in a moment; where none is there, each group waits for so long. */
const ANSWER_MS = 2_000;

/** In the server's order: open runs first, then closed ones, the last closed first. Filters are applied here, so they also work where the namespace has no search attributes. */
export async function listRuns(
  client: Client,
  { state, model, limit = DEFAULT_LIMIT }: ListOptions,
): Promise<RunSummary[]> {
  const rows: Row[] = [];
  const temporal = withUnreadMemos(client);
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus != 'ContinuedAsNew'`;
  for await (const info of temporal.list({ query })) {
    const row = summaryOf(info, await readMemo(info.raw, client.options.loadedDataConverter));
    if ((state === undefined || row.state === state) && (model === undefined || row.model === model)) rows.push(row);
    if (rows.length >= limit) break;
  }
  const summaries: RunSummary[] = [];
  while (summaries.length < rows.length) {
    const some = rows.slice(summaries.length, summaries.length + ASKED_AT_ONCE);
    const whole = some.map(async (row) => ({ ...row, ...(await told(client, temporal, row)) }));
    summaries.push(...(await Promise.all(whole)));
  }
  return summaries;
}

type Described = Pick<RunSummary, 'cancelRequested' | 'standstill'>;
type Row = Omit<RunSummary, keyof Described>;
type Asked = Pick<Row, 'polls' | 'errorType'>;

/** What a list of Temporal's does not tell of an open run. */
async function told(client: Client, temporal: WorkflowClient, row: Row): Promise<Described & Asked> {
  const [{ trouble, ...description }, { polls, errorType }] = await Promise.all([
    described(client, temporal, row),
    asked(client, row),
  ]);
  return { ...description, polls, errorType: trouble ?? errorType };
}

const NOTHING_TOLD = { cancelRequested: false, standstill: null, trouble: null } as const;

async function described(
  client: Client,
  temporal: WorkflowClient,
  { id, runId, closedAt }: Row,
): Promise<Described & { readonly trouble: string | null }> {
  if (closedAt !== null) return NOTHING_TOLD;
  try {
    const description = await temporal.getHandle(id, runId).describe();
    const still = await standstill(client, description);
    const trouble = still?.type ?? (await pendingTrouble(client, description));
    return { cancelRequested: isCancelRequested(description.raw), standstill: still, trouble };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return NOTHING_TOLD; // gone since it was listed
    throw error;
  }
}

/** Of the activity that the run waits for. */
async function pendingTrouble(client: Client, description: WorkflowExecutionDescription): Promise<string | null> {
  try {
    return (await pendingWork(client, description)).problem?.type ?? null;
  } catch (error) {
    if (decryptionErrorIn(error) !== null) return null;
    throw error;
  }
}

/** A run records its polls, and what troubles them, when its state changes. While it is `generating`, only the run itself knows. */
async function asked(
  client: Client,
  { id, runId, closedAt, state, polls, errorType, unreadable }: Row,
): Promise<Asked> {
  if (closedAt !== null || state !== 'generating' || unreadable !== null) return { polls, errorType };
  const status = await answerOf(client, { id, runId });
  return status === null ? { polls: null, errorType } : { polls: status.polls, errorType: status.error?.type ?? null };
}

async function answerOf(client: Client, run: Pick<Row, 'id' | 'runId'>): Promise<VideoStatus | null> {
  try {
    return await askRun(client, run, ANSWER_MS);
  } catch (error) {
    // gone since it was listed, or its answer is encrypted with another key than its record
    if (error instanceof WorkflowNotFoundError || decryptionErrorIn(error) !== null) return null;
    throw error;
  }
}

function summaryOf(info: WorkflowExecutionInfo, { memo, problem }: MemoReading): Row {
  const unreadable = problem ?? recordProblem({ memo });
  return {
    id: info.workflowId,
    runId: info.runId,
    taskQueue: info.taskQueue,
    ...(unreadable === null ? recorded(info, memo) : shown(info, memo)),
    startedAt: info.startTime.toISOString(),
    closedAt: info.closeTime?.toISOString() ?? null,
    unreadable,
  };
}

type Known = Pick<RunSummary, 'state' | 'model' | 'jobId' | 'costUsd' | 'polls' | 'errorType'>;

function recorded(info: WorkflowExecutionInfo, memo: MemoReading['memo']): Known {
  const { state, jobId, costUsd, polls, error } =
    info.status.name === 'RUNNING' ? recordedStatus({ memo }) : closedStatus({ ...info, memo });
  return { state, model: modelOf(info, memo), jobId, costUsd, polls, errorType: error?.type ?? null };
}

/** What search attributes, which nobody encrypts, and Temporal's own status tell. */
function shown(info: WorkflowExecutionInfo, memo: MemoReading['memo']): Known {
  const state = videoState.safeParse(attribute(info, 'LongtakeState'));
  const jobId = attribute(info, 'LongtakeJobId');
  const costUsd = attribute(info, 'LongtakeCostUsd');
  return {
    state: impliedState(info.status.name) ?? (state.success ? state.data : null),
    model: modelOf(info, memo),
    jobId: typeof jobId === 'string' ? jobId : null,
    costUsd: typeof costUsd === 'number' ? costUsd : null,
    polls: null,
    errorType: null,
  };
}

function modelOf(info: WorkflowExecutionInfo, memo: MemoReading['memo']): string | null {
  const model = attribute(info, 'LongtakeModel') ?? memo[MODEL_MEMO];
  return typeof model === 'string' ? model : null;
}

function attribute({ typedSearchAttributes }: WorkflowExecutionInfo, name: keyof typeof SEARCH_ATTRIBUTES): unknown {
  return typedSearchAttributes.getAll().find(({ key }) => key.name === name)?.value;
}
