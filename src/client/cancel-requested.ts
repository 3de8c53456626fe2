import type { DescribeWorkflowExecutionResponse } from '@temporalio/client';

/** Told by the server, whichever way the cancel came, until the run closes. */
export function isCancelRequested({ workflowExtendedInfo }: DescribeWorkflowExecutionResponse): boolean {
  return workflowExtendedInfo?.cancelRequested === true;
}
