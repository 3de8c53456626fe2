import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Every log line of an activity names the job that the activity is about; Temporal adds workflow id and run id. */
export function logJobIds(): ReturnType<ActivityInterceptorsFactory> {
  let known: { jobId?: string } = {};
  return {
    inbound: {
      async execute(input, next) {
        known = jobOf(input.args[0]);
        return await next(input);
      },
    },
    outbound: {
      getLogAttributes: (attributes, next) => next({ ...attributes, ...known }),
    },
  };
}

function jobOf(argument: unknown): { jobId?: string } {
  if (typeof argument !== 'object' || argument === null || !('jobId' in argument)) return {};
  return typeof argument.jobId === 'string' ? { jobId: argument.jobId } : {};
}
