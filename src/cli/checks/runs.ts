import { Client, type Connection, type WorkflowExecutionDescription } from '@temporalio/client';
import { standstill } from '../../client/standstill.js';
import { readingProblem, readMemo, withUnreadMemos } from '../../client/unread-memos.js';
import type { Config } from '../../config.js';
import { statusCommand } from '../../contract/commands.js';
import type { ProblemType } from '../../contract/failures.js';
import { WORKFLOW_TYPE } from '../../contract/names.js';
import { clientDataConverter } from '../../encryption/data-converter.js';
import { queryLiteral } from '../../worker/query-literal.js';
import { commandHere } from '../command-here.js';
import { recordedInput } from '../run-record.js';
import type { Finding } from './finding.js';

/** A wrong key, or a wrong release of the workers, shows in any of them; more would only take longer. */
const LOOKED_AT = 20;
const ANSWER_MS = 5_000;

/**
 * Whether the keys that are set here are those of the runs, and whether workers get on with those that are open: open ones
 * first, then the last closed.
 */
export async function checkRuns(
  connection: Connection,
  { temporal: { namespace }, taskQueue, encryption }: Pick<Config, 'temporal' | 'taskQueue' | 'encryption'>,
): Promise<Finding> {
  const subject = 'runs';
  const client = new Client({ connection, namespace, dataConverter: clientDataConverter(encryption) });
  try {
    const runs = await connection.withDeadline(Date.now() + ANSWER_MS, () => lookAt(client, taskQueue));
    const unreadable = runs.filter(({ problem }) => problem !== null);
    if (unreadable.length === 0) {
      const stuck = Object.entries(STUCK).flatMap(([type, what]) =>
        stuckText(
          what,
          runs.filter(({ still }) => still === type),
        ),
      );
      if (stuck.length > 0) return { status: 'fail', subject, text: stuck.join('. ') };
      return { status: 'ok', subject, text: allReadable(runs.length, taskQueue) };
    }
    // A key that was replaced long ago may be gone for good, and then only old runs cannot be read.
    const isHistory = unreadable.length < runs.length && unreadable.every(({ isOpen }) => !isOpen);
    return {
      status: isHistory ? 'note' : 'fail',
      subject,
      text: `${unreadable.length} of the ${runs.length} looked at on ${taskQueue} cannot be read: ${[...new Set(unreadable.map(({ problem }) => problem))].join(' ')}`,
    };
  } catch {
    return { status: 'note', subject, text: 'cannot be looked up here.' };
  }
}

function allReadable(count: number, taskQueue: string): string {
  return count === 0 ? `none yet on ${taskQueue}` : `all of the ${count} looked at on ${taskQueue} can be read`;
}

/** What is no matter of the workers that are there is looked at with them. */
const STUCK: Readonly<Partial<Record<ProblemType, string>>> = {
  Unexpected: 'the step fails again and again on the workers',
  StepTimesOut: 'again and again a worker takes the step and does not answer in time, as one that is frozen',
};

function stuckText(what: string, [first, ...others]: readonly LookedAt[]): string[] {
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const why = commandHere(statusCommand(first.workflowId));
  return [`${first.workflowId}${more}: ${what}. To see why: ${why}`];
}

interface LookedAt {
  readonly workflowId: string;
  readonly isOpen: boolean;
  /** Why it cannot be read, or `null`. */
  readonly problem: string | null;
  /** Why nothing happens on it, or `null`. */
  readonly still: ProblemType | null;
}

async function lookAt(client: Client, taskQueue: string): Promise<LookedAt[]> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND TaskQueue = ${queryLiteral(taskQueue)}`;
  const unread = withUnreadMemos(client);
  const runs: LookedAt[] = [];
  for await (const { raw, closeTime, workflowId, runId } of unread.list({ query, pageSize: LOOKED_AT })) {
    const isOpen = closeTime === undefined;
    const { problem } = await readMemo(raw, client.options.loadedDataConverter);
    // A worker has to read both, and each may be under another key: the memo is written anew as the run goes on.
    runs.push({
      ...{ workflowId, isOpen },
      problem: problem ?? (isOpen ? await inputProblem(client, { id: workflowId, runId }) : null),
      still: isOpen ? await stillnessOf(client, await unread.getHandle(workflowId, runId).describe()) : null,
    });
    if (runs.length >= LOOKED_AT) break;
  }
  return runs;
}

async function stillnessOf(client: Client, description: WorkflowExecutionDescription): Promise<ProblemType | null> {
  return (await standstill(client, description))?.type ?? null;
}

async function inputProblem(
  client: Client,
  run: { readonly id: string; readonly runId: string },
): Promise<string | null> {
  try {
    await recordedInput(client, run);
    return null;
  } catch (error) {
    return readingProblem(error);
  }
}
