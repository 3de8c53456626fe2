import type { Client } from '@temporalio/client';
import type { MetricMeter } from '@temporalio/common';
import type { VideoState } from '../contract/types.js';
import { queryLiteral } from './query-literal.js';

/** As often as Prometheus usually looks. */
const LOOK_EVERY_MS = 15_000;
const LOOK_MS = 5_000;

/** The states in which the server finds a run; it does not know of one that is still being checked. */
const OPEN_STATES = [
  'submitting',
  'awaiting_decision',
  'generating',
  'downloading',
] as const satisfies readonly VideoState[];

/**
 * Keeps the metrics `longtake_open_runs` and `longtake_runs_awaiting_decision` until it is told to stop. Asked of
 * Temporal instead of counted here, so that they are true after any worker's death; every worker on a task queue shows
 * the same numbers.
 */
export function startOpenRunsGauge(client: Client, taskQueue: string, meter: MetricMeter): () => void {
  const open = meter.createGauge(
    'longtake_open_runs',
    'int',
    undefined,
    'Runs that are open now, by state, on all workers of this task queue together.',
  );
  const awaiting = meter.createGauge(
    'longtake_runs_awaiting_decision',
    'int',
    undefined,
    'Runs that wait for a person now, on all workers of this task queue together.',
  );
  const running = `ExecutionStatus = 'Running' AND TaskQueue = ${queryLiteral(taskQueue)}`;
  const look = async (state: VideoState): Promise<void> => {
    const query = `LongtakeState = '${state}' AND ${running}`;
    try {
      const { count } = await client.withDeadline(Date.now() + LOOK_MS, () => client.workflow.count(query));
      open.set(count, { state });
      if (state === 'awaiting_decision') awaiting.set(count);
    } catch {
      // It says nothing about the runs: the number before stands until the next look.
    }
  };
  const lookAtAll = (): void => {
    for (const state of OPEN_STATES) void look(state);
  };
  lookAtAll();
  const timer = setInterval(lookAtAll, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
