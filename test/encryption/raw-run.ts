import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { GetWorkflowExecutionHistoryResponse, DescribeWorkflowExecutionResponse, ListWorkflowExecutionsResponse } =
  proto.temporal.api.workflowservice.v1;
const { QueryWorkflowResponse } = proto.temporal.api.workflowservice.v1;

/** What a server has of a run, byte by byte as it sends it, with nothing decoded on the way. */
export interface RawRun {
  readonly history: Buffer;
  /** With memo, summary, details and what is pending. */
  readonly description: Buffer;
  readonly listed: Buffer;
}

export async function rawRun(temporal: Client, workflowId: string): Promise<RawRun> {
  const { workflowService } = temporal;
  const { namespace } = temporal.options;
  const execution = { workflowId };
  const [history, description, listed] = await Promise.all([
    workflowService.getWorkflowExecutionHistory({ namespace, execution }),
    workflowService.describeWorkflowExecution({ namespace, execution }),
    workflowService.listWorkflowExecutions({ namespace, query: `WorkflowId = '${workflowId}'` }),
  ]);
  return {
    history: Buffer.from(GetWorkflowExecutionHistoryResponse.encode(history).finish()),
    description: Buffer.from(DescribeWorkflowExecutionResponse.encode(description).finish()),
    listed: Buffer.from(ListWorkflowExecutionsResponse.encode(listed).finish()),
  };
}

/** The answer to a query as it comes from the worker. */
export async function rawQuery(temporal: Client, workflowId: string, queryType: string): Promise<Buffer> {
  const { namespace } = temporal.options;
  const request = { namespace, execution: { workflowId }, query: { queryType } };
  return Buffer.from(QueryWorkflowResponse.encode(await temporal.workflowService.queryWorkflow(request)).finish());
}

/** The words that can be read in it. */
export function readable(bytes: Buffer, words: readonly string[]): string[] {
  return words.filter((word) => bytes.includes(word));
}
