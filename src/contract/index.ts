export { FAILURES, isFailureType, type FailureType, type Problem, type ProblemType } from './failures.js';
export { DEFAULT_POLLING, DEFAULT_TIMEOUTS, LIMITS } from './limits.js';
export {
  CANCEL_SIGNAL,
  DEFAULT_TASK_QUEUE,
  PROVIDER_EVENT_SIGNAL,
  RESOLVE_SUBMISSION_UPDATE,
  SEARCH_ATTRIBUTES,
  STATUS_MEMO,
  STATUS_QUERY,
  WORKFLOW_TYPE,
} from './names.js';
export { isUsableJobId } from './job-id.js';
export { defaultOutputKey, outputKeyOf, outputKeyProblem, siblingKey } from './output-key.js';
export { describeIssues, durationMs, schemas } from './schemas.js';
export type * from './types.js';
