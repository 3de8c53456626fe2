/** When the next poll is due. Pure, so that the schedule can be tested without a workflow. */

export interface PollSchedule {
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
}

const JITTER = 0.1;

/** The interval before poll number `polls + 1`, in milliseconds; `random` in [0, 1) spreads it by ± 10 %. */
export function pollIntervalMs(schedule: PollSchedule, polls: number, random: number): number {
  const { initialIntervalMs, backoffCoefficient, maximumIntervalMs } = schedule;
  const grown = initialIntervalMs * backoffCoefficient ** Math.min(polls, 1_000);
  const interval = Math.min(grown, maximumIntervalMs);
  return Math.max(1, Math.round(interval * (1 - JITTER + 2 * JITTER * random)));
}
