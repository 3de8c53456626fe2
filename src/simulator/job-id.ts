import { randomInt } from 'node:crypto';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `<prefix>-<unix seconds>-<20 alphanumerics>`, as the real API's ids look. */
export function newId(prefix: 'gen-vid' | 'gen', nowMs: number): string {
  const random = Array.from({ length: 20 }, () => ALPHANUMERIC.charAt(randomInt(ALPHANUMERIC.length)));
  return `${prefix}-${Math.floor(nowMs / 1000)}-${random.join('')}`;
}
