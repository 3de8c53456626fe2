import { cancellationSignal, cancelled, log } from '@temporalio/activity';
import { AttemptOver, type TemporalPort } from './deps.js';
import { keepTrying } from './keep-trying.js';

/** A server that restarts is back by then; longer would hold a slot that another download waits for. */
const ASKING = { forMs: 120_000, firstDelayMs: 500, longestDelayMs: 5_000 } as const;

export type Standing = 'counted_on' | 'over' | 'unknown';

/**
 * Whether the server still counts on the running attempt, told by its acknowledgement of a heartbeat. Asks until there
 * is an answer, for two minutes.
 * @throws what cancellation throws, at once
 */
export async function stillCountedOn(temporal: TemporalPort, details: unknown): Promise<Standing> {
  let standing: Standing = 'unknown';
  const ask = async (): Promise<void> => {
    standing = await standingNow(temporal, details);
  };
  const onFirstFailure = (error: unknown): void => {
    log.warn('the server did not confirm a heartbeat', { error });
  };
  await Promise.race([cancelled(), keepTrying(ask, { ...ASKING, signal: cancellationSignal() }, onFirstFailure)]);
  return standing;
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
