import { setTimeout as delay } from 'node:timers/promises';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import { isUnreachable } from '../client/temporal-errors.js';

/** A server that is just starting refuses for a moment; whoever refuses for longer is not there. */
const PATIENCE_MS = 3_000;

/**
 * gRPC tries a port where nobody listens until its time is over. Rejects well before, where a call that nobody repeats
 * is refused; never resolves.
 */
export async function refusal(options: ConnectionOptions, signal: AbortSignal): Promise<never> {
  await delay(PATIENCE_MS, undefined, { signal });
  const once = Connection.lazy({ ...options, interceptors: [] });
  try {
    await once.withAbortSignal(signal, () => once.workflowService.getSystemInfo({}));
  } catch (error) {
    if (isUnreachable(error)) throw error;
  } finally {
    await once.close();
  }
  return await new Promise(() => undefined);
}
