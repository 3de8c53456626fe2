import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { MODEL_MEMO, WORKFLOW_TYPE } from '../contract/names.js';
import { videoState } from '../contract/schemas.js';
import type { VideoState } from '../contract/types.js';
import { closedStatus, recordedStatus } from './run-status.js';

/** One row of a list of runs. Times are ISO; absent things are `null`. */
export interface RunSummary {
  readonly id: string;
  readonly runId: string;
  readonly state: VideoState;
  readonly model: string | null;
  readonly jobId: string | null;
  readonly costUsd: number | null;
  readonly polls: number;
  readonly startedAt: string;
  readonly closedAt: string | null;
}

export interface ListOptions {
  readonly state?: VideoState;
  readonly model?: string;
  /** At most this many: open runs first, then closed ones, the last closed first. Default 50. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 50;

/** In the server's order: open runs first, then closed ones, the last closed first. Filters are applied here, so they also work where the namespace has no search attributes. */
export async function listRuns(
  client: Client,
  { state, model, limit = DEFAULT_LIMIT }: ListOptions,
): Promise<RunSummary[]> {
  const rows: RunSummary[] = [];
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus != 'ContinuedAsNew'`;
  for await (const info of client.workflow.list({ query })) {
    const row = summaryOf(info);
    if ((state === undefined || row.state === state) && (model === undefined || row.model === model)) rows.push(row);
    if (rows.length >= limit) break;
  }
  return rows;
}

function summaryOf(info: WorkflowExecutionInfo): RunSummary {
  const status = info.status.name === 'RUNNING' ? recordedStatus(info) : closedStatus(info);
  return {
    id: info.workflowId,
    runId: info.runId,
    state: videoState.parse(status.state),
    model: modelOf(info),
    jobId: status.jobId,
    costUsd: status.costUsd,
    polls: status.polls,
    startedAt: info.startTime.toISOString(),
    closedAt: info.closeTime?.toISOString() ?? null,
  };
}

function modelOf({ typedSearchAttributes, memo }: WorkflowExecutionInfo): string | null {
  const attribute = typedSearchAttributes.getAll().find(({ key }) => key.name === 'LongtakeModel')?.value;
  const model = attribute ?? memo?.[MODEL_MEMO];
  return typeof model === 'string' ? model : null;
}
