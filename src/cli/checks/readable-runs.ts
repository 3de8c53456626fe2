import { Client, type Connection } from '@temporalio/client';
import { readMemo, withUnreadMemos } from '../../client/unread-memos.js';
import type { Config } from '../../config.js';
import { WORKFLOW_TYPE } from '../../contract/names.js';
import { clientDataConverter } from '../../encryption/data-converter.js';
import { queryLiteral } from '../../worker/query-literal.js';
import type { Finding } from './finding.js';

/** A wrong key shows in any of them; more would only take longer. */
const LOOKED_AT = 20;
const ANSWER_MS = 5_000;

/** Whether the keys that are set here are those of the runs: open ones first, then the last closed. */
export async function checkReadableRuns(
  connection: Connection,
  { temporal: { namespace }, taskQueue, encryption }: Pick<Config, 'temporal' | 'taskQueue' | 'encryption'>,
): Promise<Finding> {
  const subject = 'runs';
  const client = new Client({ connection, namespace, dataConverter: clientDataConverter(encryption) });
  try {
    const problems = await connection.withDeadline(Date.now() + ANSWER_MS, () => memoProblems(client, taskQueue));
    const unreadable = problems.filter((problem) => problem !== null);
    if (unreadable.length === 0) return { status: 'ok', subject, text: allReadable(problems.length, taskQueue) };
    return {
      status: 'fail',
      subject,
      text: `${unreadable.length} of the ${problems.length} looked at on ${taskQueue} cannot be read: ${[...new Set(unreadable)].join(' ')}`,
    };
  } catch {
    return { status: 'note', subject, text: 'cannot be looked up here.' };
  }
}

function allReadable(count: number, taskQueue: string): string {
  return count === 0 ? `none yet on ${taskQueue}` : `all of the ${count} looked at on ${taskQueue} can be read`;
}

/** Why the memo of each cannot be read, or `null`. */
async function memoProblems(client: Client, taskQueue: string): Promise<(string | null)[]> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND TaskQueue = ${queryLiteral(taskQueue)}`;
  const problems: (string | null)[] = [];
  for await (const { raw } of withUnreadMemos(client).list({ query, pageSize: LOOKED_AT })) {
    problems.push((await readMemo(raw, client.options.loadedDataConverter)).problem);
    if (problems.length >= LOOKED_AT) break;
  }
  return problems;
}
