import { isUsableJobId } from '../contract/job-id.js';

/** More than any model's name has; a search attribute holds it. */
const MODEL_CHARACTERS = 200;

export interface StatedInput {
  readonly model: string | null;
  readonly jobId: string | null;
  readonly output: string | null;
  readonly overwrite: boolean;
}

/** What an input says that was not checked, and may be anything. */
export function statedIn(input: unknown): StatedInput {
  const { request, jobId, output, overwrite } = recordOf(input);
  const { model } = recordOf(request);
  return {
    model: typeof model === 'string' && model !== '' && model.length <= MODEL_CHARACTERS ? model : null,
    jobId: isUsableJobId(jobId) ? jobId : null,
    output: typeof output === 'string' ? output : null,
    overwrite: overwrite === true,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return (value ?? {}) as Readonly<Record<string, unknown>>;
}
