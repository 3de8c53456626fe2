import { createHmac } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describeJob } from './job-answer.js';
import { endOf, type Job } from './job.js';

/** Tells the `callback_url` of a job about its end. */
export interface WebhookSender {
  /** Nothing happens for a job without `callback_url` or without an end. */
  schedule(job: Job): void;
  /** Ends every delivery, also those under way. */
  close(): void;
}

export interface WebhookSenderOptions {
  readonly baseUrl: string;
  /** Signs deliveries; absent: they go out unsigned. */
  readonly secret?: string | undefined;
  readonly log: (line: string) => void;
}

/** Waits before each try. The real API's schedule is not documented. */
const TRIES_AFTER_MS = [0, 1_000, 4_000];
const ANSWER_TIMEOUT_MS = 10_000;

export function createWebhookSender({ baseUrl, secret, log }: WebhookSenderOptions): WebhookSender {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // every waiting event listens
  return {
    schedule(job) {
      const address = job.request.callback_url;
      const endsAtMs = endOf(job);
      if (typeof address !== 'string' || endsAtMs === null) return;
      const event = eventOf(job, endsAtMs, baseUrl);
      if (event === null) return;
      void pause(endsAtMs - Date.now(), closing.signal)
        .then(() => deliver(address, event, { secret, log, signal: closing.signal }))
        .catch((error: unknown) => {
          if (!closing.signal.aborted) log(`webhook for ${job.id} → ${String(error)}`);
        });
    },
    close() {
      closing.abort();
    },
  };
}

interface Event {
  readonly key: string;
  readonly body: string;
}

/** `null` for `dead`, which has no event type. */
function eventOf(job: Job, endsAtMs: number, baseUrl: string): Event | null {
  const data = describeJob(job, endsAtMs, baseUrl);
  if (data.status === 'dead') return null;
  const type = `video.generation.${data.status}`;
  const event = { type, created_at: new Date(endsAtMs).toISOString(), data: { ...data, polling_url: undefined } };
  return { key: `${job.id}-${data.status}`, body: JSON.stringify(event) };
}

interface Delivery {
  readonly secret: string | undefined;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

async function deliver(address: string, event: Event, { secret, log, signal }: Delivery): Promise<void> {
  for (const [index, waitMs] of TRIES_AFTER_MS.entries()) {
    await pause(waitMs, signal);
    const outcome = await post(address, event, secret, signal);
    signal.throwIfAborted();
    log(`webhook ${event.key} → ${outcome.text} (try ${index + 1} of ${TRIES_AFTER_MS.length})`);
    if (outcome.delivered) return;
  }
}

async function post(
  address: string,
  { key, body }: Event,
  secret: string | undefined,
  closing: AbortSignal,
): Promise<{ delivered: boolean; text: string }> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  const headers = { 'Content-Type': 'application/json', 'X-OpenRouter-Idempotency-Key': key, ...signed(body, secret) };
  try {
    const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    return { delivered: response.ok, text: String(response.status) };
  } catch {
    return { delivered: false, text: 'no answer' };
  }
}

function signed(body: string, secret: string | undefined): Record<string, string> {
  if (secret === undefined) return {};
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${time},${body}`).digest('hex');
  return { 'X-OpenRouter-Signature': `t=${time},v1=${signature}` };
}

/** Does not keep the process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal, ref: false });
}
