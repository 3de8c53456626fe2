import { createHmac } from 'node:crypto';

/** What the provider posts when a job has ended, written from its documentation and not from our receiver. */
export interface ProviderPost {
  readonly secret: string;
  readonly jobId: string;
  readonly status?: string;
  /** Unix seconds of the signature. Default: now. */
  readonly at?: number;
  /** Instead of an event. */
  readonly body?: string | Buffer;
  /** Instead of the right one; `null`: none. */
  readonly signature?: string | null;
}

export function eventBody(jobId: string, status = 'completed'): string {
  return JSON.stringify({
    type: `video.generation.${status}`,
    created_at: '2026-11-22T07:00:00.000Z',
    data: {
      id: jobId,
      status,
      model: 'test/model',
      unsigned_urls: ['https://elsewhere.example/0'],
      usage: { cost: 1 },
    },
  });
}

export function sign(secret: string, body: string | Buffer, at = nowSeconds()): string {
  const digest = createHmac('sha256', secret)
    .update(Buffer.concat([Buffer.from(`${at},`), Buffer.from(body)]))
    .digest('hex');
  return `t=${at},v1=${digest}`;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Posts to the receiver of the worker that listens at `address` (`host:port`) and returns the status of the answer. */
export async function postEvent(address: string, workflowId: string, post: ProviderPost): Promise<number> {
  const body = post.body ?? eventBody(post.jobId, post.status);
  const signature = post.signature === undefined ? sign(post.secret, body, post.at) : post.signature;
  const response = await fetch(`http://${address}/webhooks/openrouter/${encodeURIComponent(workflowId)}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-openrouter-idempotency-key': `${post.jobId}-${post.status ?? 'completed'}`,
      ...(signature === null ? {} : { 'x-openrouter-signature': signature }),
    },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  await response.arrayBuffer();
  return response.status;
}
