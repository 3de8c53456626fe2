import type { z } from 'zod';
import type { FailureType } from './failures.js';
import type {
  cancelRequest,
  generateVideoInput,
  generateVideoResult,
  providerEvent,
  providerRequest,
  resolveSubmission,
  videoAsset,
  videoState,
  videoStatus,
} from './schemas.js';

/** The body of OpenRouter's `POST /videos` (snake_case, unknown fields passed through). */
export type ProviderRequest = z.infer<typeof providerRequest>;
export type GenerateVideoInput = z.infer<typeof generateVideoInput>;
export type GenerateVideoResult = z.infer<typeof generateVideoResult>;
/** One saved file. `bytes` and `sha256` are those of the file itself; unknown media facts are `null`. */
export type VideoAsset = z.infer<typeof videoAsset>;
export type VideoState = z.infer<typeof videoState>;
/** Where a run stands. Absent things are `null`; `costUsd` is never 0 for unknown. */
export type VideoStatus = z.infer<typeof videoStatus>;
export type CancelRequest = z.infer<typeof cancelRequest>;
export type ResolveSubmission = z.infer<typeof resolveSubmission>;
export type ProviderEvent = z.infer<typeof providerEvent>;

/** An expected problem as a value: a stable type and a message that tells the user what to do. */
export interface Failure {
  readonly type: FailureType;
  readonly message: string;
}
