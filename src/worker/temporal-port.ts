import { activityInfo } from '@temporalio/activity';
import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type Client,
  QueryNotRegisteredError,
  type WorkflowClient,
  type WorkflowExecutionInfo,
  type WorkflowExecutionStatusName,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { AttemptOver, type Owner, type RunRef, type TemporalPort } from '../activities/deps.js';
import { readMemo, withUnreadMemos } from '../client/unread-memos.js';
import {
  ADOPTED_MEMO,
  IS_WANTED_QUERY,
  MAY_HAVE_SENT_QUERY,
  PROVIDER_EVENT_SIGNAL,
  SENDING_SIGNAL,
  STATUS_MEMO,
} from '../contract/names.js';
import type { VideoStatus } from '../contract/types.js';
import { firstRunOf, mayPayAfter, resetRunOf } from './reset.js';
import { queryLiteral } from './query-literal.js';

const ANSWER_WITHIN_MS = 10_000;
/** A message has room for as many jobs; nobody starts as many runs for one job, or resets one as often. */
const ENOUGH = { jobs: 10, runs: 100 } as const;
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
      if (isUnknownQuery(error)) return otherwise; // the run is at a worker of an earlier build
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
      return await ask(async () => {
        const owners: Owner[] = [];
        for await (const run of some(runs, query)) owners.push(...(await asOwner(client, run, jobId)));
        return owners;
      });
    },
    async isOfOneStart(run, other) {
      const [first, otherFirst] = await ask(() => Promise.all([firstRunOf(runs, run), firstRunOf(runs, other)]));
      return first === otherFirst;
    },
    async jobsOf(run) {
      if (!searchAttributes) return [];
      const query = `WorkflowId = ${queryLiteral(run.workflowId)} AND LongtakeJobId IS NOT NULL`;
      return await ask(async () => {
        const first = await firstRunOf(runs, run);
        const jobs = new Set<string>();
        for await (const other of some(runs, query)) {
          const jobId = other.typedSearchAttributes.get(JOB_ID_KEY);
          if (jobId === undefined || jobs.has(jobId) || (await firstRunOf(runs, other)) !== first) continue;
          jobs.add(jobId);
          if (jobs.size === ENOUGH.jobs) break;
        }
        return [...jobs];
      });
    },
  };
}

/** Nobody's, where the run itself recorded another job, or none: the next run of a cron schedule begins with what is listed of the one before. */
async function asOwner(
  client: Client,
  { workflowId, runId, status, raw }: WorkflowExecutionInfo,
  jobId: string,
): Promise<readonly Owner[]> {
  const { memo } = await readMemo(raw, client.options.loadedDataConverter);
  const recorded = (memo[STATUS_MEMO] ?? {}) as Partial<VideoStatus>;
  if (recorded.jobId !== undefined && recorded.jobId !== jobId) return [];
  return [
    {
      workflowId,
      runId,
      origin: memo[ADOPTED_MEMO] === true ? 'adopted' : originOf(recorded),
      stands: STANDS[status.name] ?? 'open',
    },
  ];
}

/** What cannot be read proves nothing. */
function originOf({ submittedAt }: Partial<VideoStatus>): Owner['origin'] {
  if (submittedAt === null) return 'adopted';
  return typeof submittedAt === 'string' ? 'submitted' : 'unread';
}

/** A run that goes on in another one, which has the job as well, does nothing more itself. */
const STANDS: Partial<Record<WorkflowExecutionStatusName, Owner['stands']>> = {
  COMPLETED: 'saved',
  FAILED: 'over',
  CANCELLED: 'over',
  TERMINATED: 'over',
  TIMED_OUT: 'over',
  CONTINUED_AS_NEW: 'over',
};

/** The first of a list. */
async function* some(runs: WorkflowClient, query: string): AsyncIterable<WorkflowExecutionInfo> {
  let n = 0;
  for await (const run of runs.list({ query, pageSize: ENOUGH.runs })) {
    yield run;
    if (++n === ENOUGH.runs) return;
  }
}

/** The client calls any query that a run fails so, also one that only this worker could not answer. */
function isUnknownQuery(error: unknown): boolean {
  return error instanceof QueryNotRegisteredError && /did not register a handler/.test(error.message);
}
