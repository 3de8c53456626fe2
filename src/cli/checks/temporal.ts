import type { Connection } from '@temporalio/client';
import type { Config } from '../../config.js';
import { SEARCH_ATTRIBUTES } from '../../contract/names.js';
import { openConnection } from '../connect.js';
import { namespaceProblem } from '../namespace-problem.js';
import { checkOtherQueues } from './other-queues.js';
import { checkRuns } from './runs.js';
import { checkWorkers } from './workers.js';
import type { Finding } from './finding.js';

const CONNECT_MS = 5_000;
const ANSWER_MS = 5_000;
/** A critical alert of the runbook. */
const UNCOUNTED = 'no metric says how many runs await a decision, and the alert LongtakeAwaitingDecision cannot fire';

/** The server, the namespace, its search attributes, who works there, and whether its runs can be read; what cannot be looked at is not mentioned. */
export async function checkTemporal(config: Config): Promise<Finding[]> {
  const { temporal } = config;
  let connection: Connection;
  try {
    connection = await openConnection(temporal, CONNECT_MS);
  } catch (error) {
    return [{ status: 'fail', subject: 'temporal', text: error instanceof Error ? error.message : String(error) }];
  }
  try {
    const reachable: Finding = { status: 'ok', subject: 'temporal', text: temporal.address };
    const namespace = await checkNamespace(connection, temporal.namespace);
    if (namespace.status !== 'ok') return [reachable, namespace];
    const attributes = await checkSearchAttributes(connection, temporal.namespace);
    const workers = await checkWorkers(connection, config);
    const runs = await checkRuns(connection, config);
    return [reachable, namespace, attributes, ...workers, runs, ...(await checkOtherQueues(connection, config))];
  } finally {
    await connection.close();
  }
}

async function checkNamespace(connection: Connection, namespace: string): Promise<Finding> {
  const subject = 'namespace';
  try {
    const problem = await namespaceProblem(connection, namespace, ANSWER_MS);
    return problem === null ? { status: 'ok', subject, text: namespace } : { status: 'fail', subject, text: problem };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 'fail', subject, text: `${namespace} cannot be read (${reason}). Is TEMPORAL_API_KEY right?` };
  }
}

/** Never a failure: a worker creates them where it may, and runs without them where it may not. */
async function checkSearchAttributes(connection: Connection, namespace: string): Promise<Finding> {
  const subject = 'search attributes';
  const look = () => connection.operatorService.listSearchAttributes({ namespace });
  try {
    const { customAttributes } = await connection.withDeadline(Date.now() + ANSWER_MS, look);
    const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in customAttributes));
    if (missing.length === 0) return { status: 'ok', subject, text: 'all there' };
    return {
      status: 'note',
      subject,
      text: `missing: ${missing.join(', ')}. A worker creates them if it may, and runs without: then ${UNCOUNTED}.`,
    };
  } catch {
    return {
      status: 'note',
      subject,
      text: `cannot be read here. longtake runs without them as well; then ${UNCOUNTED}.`,
    };
  }
}
