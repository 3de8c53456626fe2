import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
// As in the client: not a public module, but the one the SDK's own client decodes with.
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { closedStatus, recordedStatus } from '../client/run-status.js';
import { translated, unknownRun } from '../client/temporal-errors.js';
import { DEFAULT_POLLING } from '../contract/limits.js';
import { durationMs, generateVideoInput } from '../contract/schemas.js';
import type { GenerateVideoInput, VideoState } from '../contract/types.js';
import { commandHere } from './command-here.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';

/** What Temporal itself knows of a run: no worker is asked. */
export interface RunRecord {
  readonly id: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly isRunning: boolean;
  readonly state: VideoState;
  /** When an activity that failed is tried again, where Temporal waits for that. */
  readonly nextTryAt: Date | null;
}

/** The newest run of that id, or `null`. @throws LongtakeError `TemporalUnreachable` */
export async function findRun(temporal: Client, id: string): Promise<RunRecord | null> {
  try {
    const description = await temporal.workflow.getHandle(id).describe();
    const isRunning = description.status.name === 'RUNNING';
    const { state } = isRunning ? recordedStatus(description) : closedStatus(description);
    const { runId, startTime, raw } = description;
    return { id, runId, startedAt: startTime, isRunning, state, nextTryAt: nextTryIn(raw) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw translated(error, id, null);
  }
}

function nextTryIn({ pendingActivities }: WorkflowExecutionDescription['raw']): Date | null {
  return optionalTsToDate(pendingActivities?.[0]?.nextAttemptScheduleTime) ?? null;
}

/** As `findRun`, where there has to be one. */
export async function knownRun(temporal: Client, id: string): Promise<RunRecord> {
  const run = await findRun(temporal, id);
  if (run === null) throw new CliError(EXIT.failed, unknownRun(id, commandHere('longtake list')));
  return run;
}

/** The input a run was started with, or `null` where it cannot be read. */
export async function inputOf(
  temporal: Client,
  run: Pick<RunRecord, 'id' | 'runId'>,
): Promise<GenerateVideoInput | null> {
  const parsed = generateVideoInput.safeParse(await recordedInput(temporal, run).catch(() => null));
  return parsed.success ? parsed.data : null;
}

/** How long, in milliseconds, a run polls for its job before it gives up; `null` where its input cannot be read. */
export async function pollingTimeoutOf(temporal: Client, run: Pick<RunRecord, 'id' | 'runId'>): Promise<number | null> {
  const input = await inputOf(temporal, run);
  return input === null ? null : durationMs(input.polling?.timeout ?? DEFAULT_POLLING.timeout);
}

/** As its history has it. @throws what the data converter throws, Temporal's errors */
export async function recordedInput(
  { workflowService, options: { namespace, loadedDataConverter } }: Client,
  { id, runId }: Pick<RunRecord, 'id' | 'runId'>,
): Promise<unknown> {
  const { history } = await workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId: id, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const [input] = await decodeArrayFromPayloads(loadedDataConverter, started?.input?.payloads);
  return input;
}
