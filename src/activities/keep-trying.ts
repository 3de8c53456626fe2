import { setTimeout as delay } from 'node:timers/promises';

export interface Persistence {
  readonly forMs: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Ends the waits in between, with the signal's own error. */
  readonly signal?: AbortSignal;
}

/**
 * Tries until it works, with doubling waits in between; `false` when the time was over first. Without a `signal` deaf
 * to cancellation: for what must not be given up because an activity was.
 */
export async function keepTrying(
  work: () => Promise<unknown>,
  { forMs, firstDelayMs, longestDelayMs, signal }: Persistence,
  onFirstFailure: (error: unknown) => void,
): Promise<boolean> {
  const endsAt = performance.now() + forMs;
  for (let delayMs = firstDelayMs, failures = 0; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      await work();
      return true;
    } catch (error) {
      failures += 1;
      if (failures === 1) onFirstFailure(error);
    }
    if (performance.now() + delayMs > endsAt) return false;
    await delay(delayMs, undefined, { signal });
  }
}
