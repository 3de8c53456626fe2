export { LongtakeError, type LongtakeErrorType } from './errors.js';
export type { ListOptions, RunSummary } from './list-runs.js';
export {
  LongtakeClient,
  type ConnectOptions,
  type LongtakeClientOptions,
  type StartOptions,
} from './longtake-client.js';
export { LongtakeHandle, type FollowOptions } from './longtake-handle.js';
export type { RunStatus, Transfer } from './run-status.js';
export type {
  GenerateVideoInput,
  GenerateVideoResult,
  ProviderRequest,
  ResolveSubmission,
  VideoAsset,
  VideoState,
  VideoStatus,
} from '../contract/types.js';
