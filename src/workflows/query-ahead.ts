import { workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * For a query, a worker that does not have the run in its cache replays it, and takes along what has come since the last workflow
 * task. What comes with the next task itself, as an answer does, then comes in a step of its own; a replay has both in one step, goes
 * another way, and the run stands still (`TMPRL1100`; `NextWFTSeqEndIndex::Incomplete` in the SDK's core). Such a query is
 * refused, by which the run leaves the cache, and its task begins anew.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let task = { events: 0, bytes: 0, at: 0 };
  return {
    internals: [
      {
        activate(input, next) {
          const { historyLength: events, historySize: bytes } = workflowInfo();
          const at = Date.now();
          // The server tells the size with each task that is started, and workflow time is that of the last one.
          const isOfNoTask = bytes > 0 && bytes === task.bytes && at === task.at && events > task.events;
          if (isOfNoTask) throw new Error('This run has news that no worker has taken up yet. Ask again in a moment.');
          task = { events, bytes, at };
          next(input);
        },
      },
    ],
  };
};
