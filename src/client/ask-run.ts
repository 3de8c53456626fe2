import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  type Client,
} from '@temporalio/client';
import { STATUS_QUERY } from '../contract/names.js';
import type { VideoStatus } from '../contract/types.js';
import { isUnreachable } from './temporal-errors.js';

/** What the run itself says of its status, or `null` where no worker answers within that time. */
export async function askRun(
  client: Client,
  run: { readonly id: string; readonly runId?: string },
  withinMs: number,
): Promise<VideoStatus | null> {
  const handle = client.workflow.getHandle(run.id, run.runId);
  try {
    return await client.withDeadline(Date.now() + withinMs, () => handle.query<VideoStatus>(STATUS_QUERY));
  } catch (error) {
    if (isNoAnswer(error)) return null;
    throw error;
  }
}

/** gRPC FAILED_PRECONDITION (the task queue has no poller), CANCELLED (our own deadline, as some calls report it). */
const NO_ANSWER: ReadonlySet<number> = new Set([9, 1]);

/** No worker polls, or none that is quick enough. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof QueryRejectedError || error instanceof QueryNotRegisteredError || isUnreachable(error))
    return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && NO_ANSWER.has(cause.code);
}
