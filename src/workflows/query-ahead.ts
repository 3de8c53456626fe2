import { workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { LocalActivities } from './local-activities.js';

/** One step of a run, by what the worker knows of the history then. */
export interface Step {
  /** How many events have come so far. */
  readonly events: number;
  /** Of the history, as the server tells it with each task that is started; 0 where it does not. */
  readonly bytes: number;
  /** Workflow time in milliseconds: that of the last task that was started. */
  readonly at: number;
  /** Nothing but answers of people, which come with tasks alone. Where all are refused, their task leaves no event. */
  readonly isAnswers: boolean;
}

/** Between the steps of two tasks stand at least the end of the first, and that the second was scheduled and started. */
const EVENTS_BETWEEN_TASKS = 3;

/** Tells of each step whether it, or the one before it, belongs to no task. */
export function watchSteps(): (step: Step) => boolean {
  let last: Step | null = null;
  return (step) => {
    const before = last;
    if (!step.isAnswers) last = step;
    if (before === null || step.events <= before.events) return false;
    const isOfNoTask = step.bytes > 0 && step.bytes === before.bytes && step.at === before.at;
    return isOfNoTask || step.events - before.events < EVENTS_BETWEEN_TASKS;
  };
}

/**
 * For a query, a worker that does not have the run in its cache replays it, and takes along what has come since the last workflow
 * task. What comes with the next task itself, as an answer does, then comes in a step of its own; a replay has both in one step, goes
 * another way, and the run stands still (`TMPRL1100`; `NextWFTSeqEndIndex::Incomplete` in the SDK's core). Such a query is
 * refused, by which the run leaves the cache, and its task begins anew. Where a task was started since that came to nothing, only the next
 * one shows it, which then is what begins anew.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  const isAhead = watchSteps();
  const local = new LocalActivities();
  return {
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          const end = next(input);
          local.begun(end, workflowInfo().unsafe.isReplaying);
          return end; // the same promise: one more step of it would put what follows elsewhere in a replay
        },
      },
    ],
    internals: [
      {
        activate(input, next) {
          const { historyLength: events, historySize: bytes } = workflowInfo();
          const jobs = input.activation.jobs ?? [];
          const isAnswers = jobs.every(({ doUpdate }) => (doUpdate ?? null) !== null);
          if (isAhead({ events, bytes, at: Date.now(), isAnswers })) throw new Error(NEWS);
          if (local.isInterrupted(jobs, input.activation.isReplaying === true)) throw new Error(INTERRUPTED);
          next(input);
        },
      },
    ],
  };
};

const NEWS =
  'No worker has taken up yet what came last for this run. Ask again in a moment; where the run is closed, see its memo.';
const INTERRUPTED = 'This task begins anew: news of the run came in the midst of a poll.';
