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
    const runs = await connection.withDeadline(Date.now() + ANSWER_MS, () => lookAt(client, taskQueue));
    const unreadable = runs.filter(({ problem }) => problem !== null);
    if (unreadable.length === 0) return { status: 'ok', subject, text: allReadable(runs.length, taskQueue) };
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

interface LookedAt {
  readonly isOpen: boolean;
  /** Why its memo cannot be read, or `null`. */
  readonly problem: string | null;
}

async function lookAt(client: Client, taskQueue: string): Promise<LookedAt[]> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND TaskQueue = ${queryLiteral(taskQueue)}`;
  const runs: LookedAt[] = [];
  for await (const { raw, closeTime } of withUnreadMemos(client).list({ query, pageSize: LOOKED_AT })) {
    const { problem } = await readMemo(raw, client.options.loadedDataConverter);
    runs.push({ isOpen: closeTime === undefined, problem });
    if (runs.length >= LOOKED_AT) break;
  }
  return runs;
}
