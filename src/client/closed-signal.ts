import { WorkflowFailedError, type Client } from '@temporalio/client';

/** The SDK asks anew every 20 s or so, and leaves a listener at its signal each time. */
const ROUND_MS = 60_000;

/**
 * Aborted when the server tells that the run has ended, so that whoever looks at intervals sees its end at once. Where the
 * connection is lost meanwhile it never is: the next look tells. `left` ends the waiting.
 */
export function closedSignal(client: Client, workflowId: string, left: AbortSignal): AbortSignal {
  const closed = new AbortController();
  void untilClosed(client, workflowId, left).then((isClosed) => {
    if (isClosed) closed.abort();
  });
  return closed.signal;
}

async function untilClosed(client: Client, workflowId: string, left: AbortSignal): Promise<boolean> {
  for (;;) {
    const round = AbortSignal.any([left, AbortSignal.timeout(ROUND_MS)]);
    try {
      await client.withAbortSignal(round, () => client.workflow.getHandle(workflowId).result());
      return true;
    } catch (error) {
      if (error instanceof WorkflowFailedError) return true;
      if (left.aborted || !round.aborted) return false;
    }
  }
}
