import type { JobBook } from './job-book.js';
import type { WebhookSender } from './webhook-sender.js';

/** What the endpoints share: one simulated provider. */
export interface Provider {
  /** Without a trailing slash: `http://127.0.0.1:4010/api/v1`. */
  readonly baseUrl: string;
  /** `null`: every key is good. */
  readonly apiKey: string | null;
  readonly generationMs: number;
  readonly jobs: JobBook;
  readonly webhooks: WebhookSender;
  /** Prompts that `simulator/rate-limited-once` has turned away and will accept next. */
  readonly turnedAway: Set<string>;
  /** Outputs whose first transfer `simulator/broken-download` has cut. */
  readonly cutOnce: Set<string>;
}
