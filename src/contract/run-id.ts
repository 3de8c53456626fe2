import { LIMITS } from './limits.js';

/** Why no run can have this id, in words that follow "it", or `null`. */
export function runIdProblem(id: string): string | null {
  if (id.trim() === '') return 'must not be empty';
  return Buffer.byteLength(id) > LIMITS.runIdBytes ? `must have at most ${LIMITS.runIdBytes} bytes` : null;
}
