import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Between two looks; default 50. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * For what nobody tells us about: another program's port, file or process.
 * Resolves with whether the condition came true in time.
 * @throws the signal's reason
 */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { timeoutMs, intervalMs = 50, signal }: WaitOptions,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(intervalMs);
  }
}
