import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  CANCEL_SIGNAL,
  IS_WANTED_QUERY,
  MAY_HAVE_SENT_QUERY,
  PROVIDER_EVENT_SIGNAL,
  RESOLVE_SUBMISSION_UPDATE,
  SENDING_SIGNAL,
  STATUS_QUERY,
} from '../contract/names.js';
import type { CancelRequest, ProviderEvent, ResolveSubmission, VideoStatus } from '../contract/types.js';
import type { OwnWord } from './video-run.js';

export const statusQuery = defineQuery<VideoStatus>(STATUS_QUERY);
export const isWantedQuery = defineQuery<boolean>(IS_WANTED_QUERY);
export const mayHaveSentQuery = defineQuery<boolean>(MAY_HAVE_SENT_QUERY);
export const cancelSignal = defineSignal<[CancelRequest?]>(CANCEL_SIGNAL);
export const providerEventSignal = defineSignal<[ProviderEvent & OwnWord]>(PROVIDER_EVENT_SIGNAL);
/**
 * With the worker's time, in ISO, and a name for the attempt; workers of earlier builds say neither. `false`: no job came of that
 * attempt, and with it may come the provider's `Retry-After` in milliseconds, and the worker's time: a reset gives what was said
 * once to the run that it makes as well.
 */
export const sendingSignal =
  defineSignal<[at?: string | false, attempt?: string, retryAfterMs?: number | null, saidAt?: string]>(SENDING_SIGNAL);
export const resolveSubmissionUpdate = defineUpdate<VideoStatus, [ResolveSubmission]>(RESOLVE_SUBMISSION_UPDATE);
