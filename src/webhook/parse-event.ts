import { z } from 'zod';
import { isUsableJobId } from '../contract/job-id.js';
import type { ProviderEvent } from '../contract/types.js';

const webhookEvent = z.object({
  type: z.string().regex(/^video\.generation\.[a-z_]{1,50}$/),
  data: z.object({ id: z.custom<string>(isUsableJobId), status: z.string().min(1).max(100) }),
});

/** The job an event is about. Nothing else of it is used: what became of the job is read with the key. */
export function parseEvent(body: Buffer): ProviderEvent | null {
  const parsed = webhookEvent.safeParse(jsonOf(body));
  if (!parsed.success) return null;
  const { id, status } = parsed.data.data;
  return { jobId: id, status };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
