import { z } from 'zod';
import {
  cancelRequest,
  generateVideoInput,
  generateVideoResult,
  providerEvent,
  resolveSubmission,
  videoStatus,
} from './schemas.js';

/** As `input`, because that refuses unknown fields only where the zod schema does. */
function jsonSchema(title: string, schema: z.ZodType) {
  return { title, ...z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) };
}

/**
 * The contract as JSON Schema (2020-12), by file name. Rules that JSON Schema cannot say (a duration above zero, an output
 * key inside the root, `request` or `jobId` but not both) are checked by longtake all the same.
 */
export const jsonSchemas = {
  'generate-video-input': jsonSchema('GenerateVideoInput', generateVideoInput),
  'generate-video-result': jsonSchema('GenerateVideoResult', generateVideoResult),
  'video-status': jsonSchema('VideoStatus', videoStatus),
  'resolve-submission': jsonSchema('ResolveSubmission', resolveSubmission),
  cancel: jsonSchema('CancelRequest', cancelRequest),
  'provider-event': jsonSchema('ProviderEvent', providerEvent),
} as const;
