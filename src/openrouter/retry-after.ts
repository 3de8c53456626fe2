import type { Dispatcher } from 'undici';
import { header } from './answer-head.js';

const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .* GMT$/;

/** Milliseconds that an answer's own `Retry-After` asks to wait, or `null`. */
export function retryAfterOf(response: Pick<Dispatcher.ResponseData, 'headers'>): number | null {
  return parseRetryAfter(header(response, 'retry-after'), Date.now());
}

/**
 * Milliseconds that a `Retry-After` header asks to wait: seconds or an HTTP date (one that has passed is 0), at most
 * 24 hours. `null` for anything else.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return secondsToMs(Number(text));
  if (!HTTP_DATE.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : secondsToMs(Math.max(0, atMs - nowMs) / 1000);
}

/** The same for seconds as a JSON number. */
export function secondsToMs(seconds: unknown): number | null {
  if (typeof seconds !== 'number' || Number.isNaN(seconds) || seconds < 0) return null;
  return Math.min(Math.ceil(seconds * 1000), MAX_RETRY_AFTER_MS);
}
