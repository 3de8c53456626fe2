import { createHmac, timingSafeEqual } from 'node:crypto';
import { LIMITS } from '../contract/limits.js';

export interface SignedBody {
  /** `X-OpenRouter-Signature`: `t=<unix seconds>,v1=<hex>`. */
  readonly signature: string | undefined;
  /** As it came over the wire: parsed and written again, it would be other bytes. */
  readonly body: Buffer;
}

/** While a provider changes its secret it may sign with both; nobody needs more. */
const MAX_SIGNATURES = 4;

/**
 * Whether `body` was signed with one of `secrets`, at most five minutes away from `nowMs` in either direction. Every
 * secret is tried against every signature, so that the time it takes tells nothing.
 */
export function isSignedBy(secrets: readonly string[], { signature, body }: SignedBody, nowMs: number): boolean {
  const parsed = parseSignature(signature ?? '');
  if (parsed === null) return false;
  const { time, digests } = parsed;
  if (Math.abs(nowMs / 1000 - Number(time)) > LIMITS.webhookAgeSeconds) return false;
  const matches = secrets.flatMap((secret) => {
    const expected = createHmac('sha256', secret).update(`${time},`).update(body).digest();
    return digests.map((digest) => timingSafeEqual(digest, expected));
  });
  return matches.includes(true);
}

/** `null` where it is not one time and at least one whole SHA-256. */
function parseSignature(header: string): { time: string; digests: Buffer[] } | null {
  const fields = header.split(',').map((field) => field.trim());
  const times = fields.flatMap((field) => /^t=(\d{1,12})$/.exec(field)?.[1] ?? []);
  const digests = fields.flatMap((field) => /^v1=([0-9a-f]{64})$/i.exec(field)?.[1] ?? []);
  const [time] = times;
  if (time === undefined || times.length > 1) return null;
  if (digests.length === 0 || digests.length > MAX_SIGNATURES) return null;
  return { time, digests: digests.map((hex) => Buffer.from(hex, 'hex')) };
}
