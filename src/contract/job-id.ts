import { isDotSegment } from './dot-segment.js';

const MAX_JOB_ID_LENGTH = 512;

/** Whether `id` can be put into an address. Job ids are opaque and may need escaping. */
export function isUsableJobId(id: unknown): id is string {
  return (
    typeof id === 'string' &&
    id.trim() !== '' &&
    id.length <= MAX_JOB_ID_LENGTH &&
    !isDotSegment(id) &&
    id.isWellFormed() &&
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u.test(id)
  );
}

/** In the id of every job of the simulator: nobody must take its costs for money. By chance a real id has it once in 62^9. */
export const SIMULATED_MARK = 'SIMULATED';

/** Whether the job was the simulator's, wherever the run is looked at. */
export function isSimulatedJob(id: string | null): boolean {
  return id?.includes(`-${SIMULATED_MARK}`) === true;
}
