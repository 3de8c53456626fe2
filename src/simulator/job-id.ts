import { randomInt } from 'node:crypto';
import { SIMULATED_MARK } from '../contract/job-id.js';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const LENGTH = 20;

/** `<prefix>-<unix seconds>-<20 alphanumerics>`, as the real API's ids look; the first of them say what it is. */
export function newId(prefix: 'gen-vid' | 'gen', nowMs: number): string {
  const random = Array.from({ length: LENGTH - SIMULATED_MARK.length }, () =>
    ALPHANUMERIC.charAt(randomInt(ALPHANUMERIC.length)),
  );
  return `${prefix}-${Math.floor(nowMs / 1000)}-${SIMULATED_MARK}${random.join('')}`;
}
