import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { openConnection } from './connect.js';
import { CliError, noNamespace } from './errors.js';
import { EXIT } from './exit-codes.js';

const TRY_MS = 5_000;
const PAUSE_MS = 1_000;

export interface WaitForTemporalOptions {
  readonly withinMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Resolves once the server answers and has the namespace.
 * @throws CliError with exit code 4 when it has not by then; the signal's reason
 */
export async function waitForTemporal(temporal: Config['temporal'], options: WaitForTemporalOptions): Promise<void> {
  const { withinMs, logger, signal } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const problem = await temporalProblem(temporal, TRY_MS);
    signal.throwIfAborted();
    if (problem === null) return;
    if (performance.now() + PAUSE_MS >= deadline) throw new CliError(EXIT.unreachable, problem);
    logger.warn(`waiting for Temporal: ${problem}`);
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

/** Why the server or its namespace cannot be used, or `null`. */
export async function temporalProblem(temporal: Config['temporal'], withinMs: number): Promise<string | null> {
  try {
    const connection = await openConnection(temporal, withinMs);
    try {
      return await namespaceProblem(connection, temporal.namespace, withinMs);
    } finally {
      await connection.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const NOT_FOUND = 5;

export async function namespaceProblem(
  connection: Connection,
  namespace: string,
  withinMs: number,
): Promise<string | null> {
  try {
    await connection.withDeadline(Date.now() + withinMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return null;
  } catch (error) {
    if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
    return noNamespace(namespace);
  }
}
