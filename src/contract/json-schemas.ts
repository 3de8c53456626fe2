import { z } from 'zod';
import {
  cancelRequest,
  generateVideoInput,
  generateVideoResult,
  providerEvent,
  resolveSubmission,
  videoStatus,
} from './schemas.js';

function jsonSchema(title: string, schema: z.ZodType, io: 'input' | 'output') {
  return { title, ...z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) };
}

/**
 * The contract as JSON Schema (2020-12), by file name. Rules that JSON Schema cannot say (a duration above zero, an output
 * key inside the root, `request` or `jobId` but not both) are checked by longtake all the same.
 */
export const jsonSchemas = {
  'generate-video-input': jsonSchema('GenerateVideoInput', generateVideoInput, 'input'),
  'generate-video-result': jsonSchema('GenerateVideoResult', generateVideoResult, 'output'),
  'video-status': jsonSchema('VideoStatus', videoStatus, 'output'),
  'resolve-submission': jsonSchema('ResolveSubmission', resolveSubmission, 'input'),
  cancel: jsonSchema('CancelRequest', cancelRequest, 'input'),
  'provider-event': jsonSchema('ProviderEvent', providerEvent, 'input'),
} as const;
