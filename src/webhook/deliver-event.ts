import { isGrpcServiceError, ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { LIMITS } from '../contract/limits.js';
import { PROVIDER_EVENT_SIGNAL } from '../contract/names.js';
import type { ProviderEvent } from '../contract/types.js';

/**
 * Hands an event to the run with this workflow id; resolves once Temporal has it, with whether there is such a run.
 * Rejects when Temporal does not take it in time: the provider is then told to come again.
 */
export type DeliverEvent = (workflowId: string, event: ProviderEvent) => Promise<boolean>;

export function createDeliverEvent(client: Client): DeliverEvent {
  return async (workflowId, event) => {
    try {
      await within(LIMITS.webhookSignalMs, () =>
        client.withDeadline(Date.now() + LIMITS.webhookSignalMs, () =>
          client.workflow.getHandle(workflowId).signal(PROVIDER_EVENT_SIGNAL, event),
        ),
      );
      return true;
    } catch (error) {
      if (isNoSuchRun(error)) return false;
      throw error;
    }
  };
}

/** gRPC INVALID_ARGUMENT: no workflow can have such an id, for example because it is too long. */
const HOPELESS: ReadonlySet<number> = new Set([3]);

function isNoSuchRun(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && HOPELESS.has(cause.code);
}

/** The deadline of a call does not cover the time it takes to connect. */
async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('Temporal did not answer in time'));
    }, ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
