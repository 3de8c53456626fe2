import { cancellationSignal, cancelled, log } from '@temporalio/activity';
import pRetry, { type RetryContext } from 'p-retry';
import { AttemptOver, type TemporalPort } from './deps.js';

/** A server that restarts is back by then; longer would hold a slot that another download waits for. */
const ASKING = { retries: Infinity, maxRetryTime: 120_000, minTimeout: 500, maxTimeout: 5_000 } as const;

export type Standing = 'counted_on' | 'over' | 'unknown';

/**
 * Whether the server still counts on the running attempt, told by its acknowledgement of a heartbeat. Asks until there
 * is an answer, for two minutes.
 * @throws what cancellation throws, at once
 */
export async function stillCountedOn(temporal: TemporalPort, details: unknown): Promise<Standing> {
  const signal = cancellationSignal();
  const asking = pRetry(() => standingNow(temporal, details), { ...ASKING, signal, onFailedAttempt });
  return await Promise.race([cancelled(), asking]).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return 'unknown';
  });
}

function onFailedAttempt({ attemptNumber, error }: RetryContext): void {
  if (attemptNumber === 1) log.warn('the server did not confirm a heartbeat', { error });
}

async function standingNow(temporal: TemporalPort, details: unknown): Promise<Standing> {
  try {
    await temporal.acknowledge(details);
    return 'counted_on';
  } catch (error) {
    if (error instanceof AttemptOver) return 'over';
    throw error;
  }
}
