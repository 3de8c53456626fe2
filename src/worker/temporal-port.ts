import { activityInfo } from '@temporalio/activity';
import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type Client,
  QueryNotRegisteredError,
  type WorkflowExecutionInfo,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { AttemptOver, type Owner, type RunRef, type TemporalPort } from '../activities/deps.js';
import { readMemo, withUnreadMemos } from '../client/unread-memos.js';
import {
  IS_WANTED_QUERY,
  MAY_HAVE_SENT_QUERY,
  PROVIDER_EVENT_SIGNAL,
  SENDING_SIGNAL,
  STATUS_MEMO,
} from '../contract/names.js';
import type { VideoStatus } from '../contract/types.js';
import { mayPayAfter, resetRunOf } from './reset.js';
import { queryLiteral } from './query-literal.js';

const ANSWER_WITHIN_MS = 10_000;
/** A message has room for as many runs, and for as many jobs. */
const ENOUGH = { runs: 3, jobs: 10 } as const;
const JOB_ID_KEY = defineSearchAttributeKey('LongtakeJobId', 'KEYWORD');
const OVER = [ActivityNotFoundError, ActivityCancelledError, ActivityPausedError, ActivityResetError];

/**
 * What activities may ask of Temporal. `client` must have a connection of its own: the worker's ends calls together with
 * the activity, and a mark or a paid job must reach the server also when the activity is being cancelled.
 */
export function createTemporalPort(
  client: Client,
  { taskQueue, searchAttributes }: { readonly taskQueue: string; readonly searchAttributes: boolean },
): TemporalPort {
  const runs = withUnreadMemos(client);
  const ask = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + ANSWER_WITHIN_MS, call);
  const askRun = async ({ workflowId, runId }: RunRef, query: string, otherwise: boolean): Promise<boolean> => {
    try {
      return await ask(() => client.workflow.getHandle(workflowId, runId).query<boolean>(query));
    } catch (error) {
      if (error instanceof QueryNotRegisteredError) return otherwise; // the run is at a worker of an earlier build
      throw error;
    }
  };
  return {
    async acknowledge(details) {
      const { taskToken } = activityInfo();
      try {
        await ask(() => client.activity.heartbeat(taskToken, details));
      } catch (error) {
        if (!OVER.some((kind) => error instanceof kind)) throw error;
        throw new AttemptOver('the server does not count on this attempt', { cause: error });
      }
    },
    async announceSending({ workflowId, runId }, attempt) {
      const run = client.workflow.getHandle(workflowId, runId);
      await ask(() => run.signal(SENDING_SIGNAL, new Date().toISOString(), attempt));
    },
    async announceNoJob({ workflowId, runId }, attempt, retryAfterMs) {
      const run = client.workflow.getHandle(workflowId, runId);
      await ask(() => run.signal(SENDING_SIGNAL, false, attempt, retryAfterMs, new Date().toISOString()));
    },
    mayHaveSent: (run) => askRun(run, MAY_HAVE_SENT_QUERY, false),
    isWanted: (run) => askRun(run, IS_WANTED_QUERY, true),
    async cancelRun({ workflowId, runId }: RunRef) {
      await ask(() => client.workflow.getHandle(workflowId, runId).cancel());
    },
    async reportLateJob({ workflowId, runId }, { jobId, status }) {
      const event = { jobId, status, isOwn: true };
      const run = client.workflow.getHandle(workflowId, runId);
      try {
        await ask(() => run.signal(PROVIDER_EVENT_SIGNAL, event));
        return true;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        const successor = await ask(() => resetRunOf(client, { workflowId, runId }));
        if (successor === null) return false;
        await ask(() => successor.signal(PROVIDER_EVENT_SIGNAL, event));
        return true;
      }
    },
    async mayPay({ workflowId, runId }, answer) {
      const history = await ask(() => client.workflow.getHandle(workflowId, runId).fetchHistory());
      return mayPayAfter(history.events ?? [], answer);
    },
    async ownersOf(jobId) {
      if (!searchAttributes) return [];
      const query = `LongtakeJobId = ${queryLiteral(jobId)} AND TaskQueue = ${queryLiteral(taskQueue)}`;
      const owners = await ask(() => firstOf(ENOUGH.runs, runs.list({ query }), ({ workflowId }) => workflowId));
      return await Promise.all([...owners.values()].map((run) => asOwner(client, run)));
    },
    async jobsOf(workflowId) {
      if (!searchAttributes) return [];
      const query = `WorkflowId = ${queryLiteral(workflowId)} AND LongtakeJobId IS NOT NULL`;
      const jobs = await ask(() =>
        firstOf(ENOUGH.jobs, runs.list({ query }), ({ typedSearchAttributes }) =>
          typedSearchAttributes.get(JOB_ID_KEY),
        ),
      );
      return [...jobs.keys()];
    },
  };
}

/** What cannot be read proves nothing. */
async function asOwner(client: Client, { workflowId, runId, raw }: WorkflowExecutionInfo): Promise<Owner> {
  const { memo } = await readMemo(raw, client.options.loadedDataConverter);
  const status = memo[STATUS_MEMO] as Partial<VideoStatus> | null | undefined;
  return { workflowId, runId, hasSubmitted: typeof status?.submittedAt === 'string' };
}

/** The first runs of a list, one for each key. */
async function firstOf(
  most: number,
  runs: AsyncIterable<WorkflowExecutionInfo>,
  keyOf: (run: WorkflowExecutionInfo) => string | undefined,
): Promise<ReadonlyMap<string, WorkflowExecutionInfo>> {
  const found = new Map<string, WorkflowExecutionInfo>();
  for await (const run of runs) {
    const key = keyOf(run);
    if (key !== undefined && !found.has(key)) found.set(key, run);
    if (found.size === most) break;
  }
  return found;
}
