import ms from 'ms';
import { z } from 'zod';
import { isUsableJobId } from './job-id.js';
import { LIMITS } from './limits.js';
import { outputKeyProblem } from './output-key.js';

const LONGEST_DURATION = 100;
const MAX_DURATION_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/** Milliseconds of a duration as Temporal writes it (`"500ms"`, `"10s"`, `"2 hours"`) or as a number of milliseconds. */
export function durationMs(duration: string | number): number {
  if (typeof duration === 'number') return duration;
  if (/^[\d.\s]*$/.test(duration)) return Number.NaN; // "5": seconds, minutes? Only a number is milliseconds
  if (duration.length > LONGEST_DURATION) return Number.NaN; // the library throws
  // The types promise a number for every string; for most there is none.
  const parsed = ms(duration as ms.StringValue) as number | undefined;
  return parsed ?? Number.NaN;
}

export function isDuration(value: string | number): boolean {
  return durationMs(value) > 0 && durationMs(value) <= MAX_DURATION_MS;
}

const NOT_A_DURATION =
  'must be a duration such as "500ms", "10s", "30m", or milliseconds, above zero and at most ten years';

const duration = z
  .union([z.string().min(1).max(LONGEST_DURATION), z.number()], NOT_A_DURATION)
  .describe('A duration such as "500ms", "10s", "30m", or a number of milliseconds; above zero')
  .refine(isDuration, NOT_A_DURATION);

const jobId = z.string().refine(isUsableJobId, 'must be a job id as the provider gave it');
const isoTime = z.iso.datetime();
const count = z.int().min(0);
const money = z.number().min(0);

/** The body of OpenRouter's `POST /videos`, verbatim. Only what longtake itself relies on is checked here. */
export const providerRequest = z.looseObject({
  model: z.string().trim().min(1),
  prompt: z.string().optional(),
  duration: z.int().min(1).optional(),
  resolution: z.string().min(1).optional(),
  aspect_ratio: z.string().min(1).optional(),
  size: z
    .string()
    .regex(/^\d{1,5}x\d{1,5}$/, {
      error: ({ input }) =>
        /^\d+x\d+$/.test(input ?? '') ? 'must have at most five digits a side' : 'must look like "1280x720"',
    })
    .optional(),
  generate_audio: z.boolean().optional(),
  seed: z.int().optional(),
  frame_images: z.array(z.looseObject({ type: z.string(), frame_type: z.string().optional() })).optional(),
  input_references: z.array(z.looseObject({ type: z.string() })).optional(),
  provider: z.looseObject({}).optional(),
  callback_url: z.url({ protocol: /^https$/, error: 'must be an https address' }).optional(),
  session_id: z.string().max(256).optional(),
});

const pollingPolicy = z
  .strictObject({
    initialInterval: duration.optional(),
    backoffCoefficient: z.number().min(1).max(100).optional(),
    maximumInterval: duration.optional(),
    maximumAttempts: z.int().min(1).max(1_000_000).optional(),
    timeout: duration.optional(),
  })
  .refine(
    ({ initialInterval, maximumInterval }) =>
      initialInterval === undefined ||
      maximumInterval === undefined ||
      durationMs(initialInterval) <= durationMs(maximumInterval),
    { path: ['maximumInterval'], message: 'must not be shorter than initialInterval' },
  );

const outputKey = z.string().superRefine((key, context) => {
  const problem = outputKeyProblem(key);
  if (problem !== null) context.addIssue({ code: 'custom', message: `is refused: ${problem}` });
});

/** Kept short and plain, because a search attribute holds it. */
const tenant = z
  .string()
  .min(1)
  .max(200)
  .describe('Whom the run is for, in the caller’s own words; no control characters')
  .refine((text) => !/\p{Cc}/u.test(text), 'must not have control characters');

/** The one argument of the workflow `generateVideo`. An unknown field is refused: a misspelt budget must not be ignored. */
export const generateVideoInput = z
  .strictObject({
    request: providerRequest.optional(),
    jobId: jobId.optional(),
    output: outputKey.optional(),
    overwrite: z.boolean().optional(),
    polling: pollingPolicy.optional(),
    timeouts: z.strictObject({ submit: duration.optional(), download: duration.optional() }).optional(),
    maxCostUsd: money.optional(),
    onCancel: z.enum(['abandon', 'settle']).optional(),
    tenant: tenant.optional(),
  })
  .refine(({ request, jobId }) => (request === undefined) !== (jobId === undefined), {
    message: 'give either request (to submit a new job) or jobId (to adopt one that exists), not both and not neither',
  });

/** What longtake says, from here on, may have more fields in a later release: whoever reads it passes them over. */
export const videoAsset = z.object({
  uri: z.string(),
  key: z.string(),
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  contentType: z.string(),
  durationSeconds: z.number().nullable(),
  width: count.nullable(),
  height: count.nullable(),
});

export const generateVideoResult = z.object({
  jobId: z.string(),
  model: z.string().nullable(),
  assets: z.array(videoAsset),
  costUsd: z.number().nullable(),
  estimatedCostUsd: z.number().nullable(),
  polls: count,
  submittedAt: isoTime.nullable(),
  completedAt: isoTime,
});

export const videoState = z.enum([
  'validating',
  'submitting',
  'awaiting_decision',
  'generating',
  'downloading',
  'succeeded',
  'failed',
  'cancelled',
]);

export const videoStatus = z.object({
  state: videoState,
  jobId: z.string().nullable(),
  providerStatus: z.string().nullable(),
  polls: count,
  nextPollAt: isoTime.nullable(),
  submittedAt: isoTime.nullable(),
  completedAt: isoTime.nullable(),
  costUsd: z.number().nullable(),
  estimatedCostUsd: z.number().nullable(),
  assets: z.array(videoAsset),
  warnings: z.array(z.string()).default([]), // runs of earlier releases have none
  error: z.object({ type: z.string(), message: z.string() }).nullable(),
});

export const cancelRequest = z.strictObject({ reason: z.string().max(LIMITS.reasonCharacters).optional() });

export const resolveSubmission = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('adopt'), jobId }),
  z.strictObject({ action: z.literal('resubmit') }),
  z.strictObject({ action: z.literal('abandon') }),
]);

export const providerEvent = z.looseObject({ jobId, status: z.string() });

/** Every schema of the contract, under the name of its type. */
export const schemas = {
  GenerateVideoInput: generateVideoInput,
  GenerateVideoResult: generateVideoResult,
  VideoStatus: videoStatus,
  VideoAsset: videoAsset,
  ResolveSubmission: resolveSubmission,
  CancelRequest: cancelRequest,
  ProviderEvent: providerEvent,
} as const;

/** The problems of a failed parse as one line each: `request.duration: must be …`, or with other names for the paths. */
export function describeIssues(error: z.ZodError, nameOf: (path: readonly string[]) => string = pathName): string {
  return error.issues.map(({ path, message }) => `${nameOf(path.map(String))} ${message}`.trim()).join('; ');
}

function pathName(path: readonly string[]): string {
  return path.length === 0 ? '' : `${path.join('.')}:`;
}
