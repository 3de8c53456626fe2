import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { openConnection } from './connect.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { namespaceProblem } from './namespace-problem.js';

const LOOK_MS = 2_000;
const TRY_MS = 5_000;
const PAUSE_MS = 1_000;

export interface WaitForTemporalOptions {
  readonly withinMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Resolves once the server answers and has the namespace.
 * @throws CliError when it has not by then, with exit code 4, or 2 where it refuses the credentials; the signal's reason
 */
export async function waitForTemporal(temporal: Config['temporal'], options: WaitForTemporalOptions): Promise<void> {
  const { withinMs, logger, signal } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const problem = (await isThere(temporal)) ? null : await temporalProblem(temporal, TRY_MS);
    signal.throwIfAborted();
    if (problem === null) return;
    if (performance.now() + PAUSE_MS >= deadline) throw problem;
    logger.warn(`waiting for Temporal: ${problem.message}`);
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

/**
 * Asked over the connection of the core, which stands before the client's has loaded its protocols: a tenth of the time
 * that a worker takes to start. What is wrong where it is not there, only the client has words for.
 */
async function isThere({ connection, namespace }: Config['temporal']): Promise<boolean> {
  const opening = NativeConnection.connect(connection);
  const asked = opening.then(async (opened) => {
    await opened.workflowService.describeNamespace({ namespace });
    return true;
  });
  void asked.finally(async () => (await opening).close()).catch(() => undefined);
  const answered = new AbortController();
  try {
    return await Promise.race([asked.catch(() => false), delay(LOOK_MS, false, { signal: answered.signal })]);
  } finally {
    answered.abort();
  }
}

/** Why the server or its namespace cannot be used, or `null`. */
async function temporalProblem(temporal: Config['temporal'], withinMs: number): Promise<CliError | null> {
  try {
    const connection = await openConnection(temporal, withinMs);
    try {
      const problem = await namespaceProblem(connection, temporal.namespace, withinMs);
      return problem === null ? null : new CliError(EXIT.unreachable, problem);
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (error instanceof CliError) return error;
    return new CliError(EXIT.unreachable, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
