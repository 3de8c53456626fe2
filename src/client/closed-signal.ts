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
    const round = startRound(left);
    try {
      await client.withAbortSignal(round.signal, () => client.workflow.getHandle(workflowId).result());
      return true;
    } catch (error) {
      if (error instanceof WorkflowFailedError) return true;
      if (left.aborted || !round.signal.aborted) return false;
    } finally {
      round.end();
    }
  }
}

/** By hand: Node may collect an `AbortSignal.any` over `AbortSignal.timeout` before it fires. */
function startRound(left: AbortSignal): { readonly signal: AbortSignal; readonly end: () => void } {
  const round = new AbortController();
  const abort = (): void => {
    round.abort();
  };
  const timer = setTimeout(abort, ROUND_MS);
  left.addEventListener('abort', abort, { once: true });
  if (left.aborted) abort();
  const end = (): void => {
    clearTimeout(timer);
    left.removeEventListener('abort', abort);
  };
  return { signal: round.signal, end };
}
