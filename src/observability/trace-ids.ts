import { createHash } from 'node:crypto';

export interface TracedRun {
  readonly namespace: string;
  readonly workflowId: string;
}

/**
 * Whoever knows a run knows its trace: the first 32 hex digits of SHA-256 of `<namespace>/<workflow id>`, and the next 16
 * for its root span. So nothing is handed from process to process, and runs that another language started have one too.
 * See docs/decisions/0015-traces.md.
 */
export function traceIdsOf({ namespace, workflowId }: TracedRun): {
  readonly traceId: string;
  readonly rootId: string;
} {
  const digits = createHash('sha256').update(`${namespace}/${workflowId}`).digest('hex');
  return { traceId: digits.slice(0, 32), rootId: digits.slice(32, 48) };
}
