import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import type { LedgerEntry } from '../workflows/ledger.js';
import type { Tracing } from './tracing.js';

/** A span for the call that starts a run. */
export function traceStarts(tracing: Tracing, namespace: string): WorkflowClientInterceptor {
  return {
    startWithDetails: (input, next) =>
      tracing.span(
        { namespace, workflowId: input.options.workflowId },
        `start ${input.workflowType}`,
        { 'temporal.task_queue': input.options.taskQueue },
        () => next(input),
      ),
  };
}

/** A span for every attempt at an activity: check, submit, each poll, download. */
export function traceActivities(tracing: Tracing): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      execute: (input, next) =>
        tracing.span(
          { namespace: info.namespace, workflowId: info.workflowExecution?.workflowId ?? '' },
          info.activityType,
          {
            'temporal.run.id': info.workflowExecution?.runId ?? '',
            'temporal.activity.attempt': info.attempt,
            'temporal.task_queue': info.taskQueue,
          },
          () => next(input),
        ),
    },
  });
}

/** The span of the whole run. */
export function traceRun(tracing: Tracing, info: WorkflowInfo, { end, model, jobId }: LedgerEntry): void {
  const attributes = {
    'temporal.run.id': info.runId,
    'longtake.end': end,
    ...(model === null ? {} : { 'longtake.model': model }),
    ...(jobId === null ? {} : { 'longtake.job.id': jobId }),
  };
  const failure = end === 'succeeded' || end === 'cancelled' ? null : end;
  tracing.root(info, info.workflowType, attributes, { startedAt: info.startTime, failure });
}
