import { LIMITS } from '../contract/limits.js';
import type { DeliverEvent } from './deliver-event.js';

/** An event that somebody has read on its way can be sent again for as long, and then is refused as stale. */
const REPEATS_WITHIN_MS = LIMITS.webhookAgeSeconds * 1_000;

/** Some megabytes at most; what is forgotten before its time is passed on once more. */
const REMEMBERED = 10_000;

/**
 * Passes on the same event once in five minutes. Temporal takes 10,000 signals in a history and refuses all further ones,
 * so a sender that repeats itself must not use them up.
 */
export function deliverOnce(deliver: DeliverEvent): DeliverEvent {
  const passedOn = new Map<string, { readonly at: number; readonly delivery: Promise<boolean> }>();
  return async (workflowId, event) => {
    const key = JSON.stringify([workflowId, event.jobId, event.status]);
    const before = passedOn.get(key);
    if (before !== undefined && performance.now() - before.at < REPEATS_WITHIN_MS) return await before.delivery;
    const delivery = deliver(workflowId, event);
    passedOn.delete(key); // so that the first is always the oldest
    passedOn.set(key, { at: performance.now(), delivery });
    const [oldest = key] = passedOn.keys();
    if (passedOn.size > REMEMBERED) passedOn.delete(oldest);
    let isDelivered = false;
    try {
      isDelivered = await delivery;
      return isDelivered;
    } finally {
      if (!isDelivered) passedOn.delete(key);
    }
  };
}
