import { z } from 'zod';
import { inPlainWords } from '../contract/issue-words.js';
import { runIdProblem } from '../contract/run-id.js';
import { describeIssues, videoState } from '../contract/schemas.js';
import { LongtakeError } from './errors.js';

export const runIdArgument = z
  .string()
  .refine((id) => runIdProblem(id) === null, { error: ({ input }) => runIdProblem(String(input)) ?? '' });

export const startArguments = z.object({ id: runIdArgument });
export const listArguments = z.object({
  state: videoState.optional(),
  model: z.string().min(1).optional(),
  limit: z.int().min(1).optional(),
});

/** Types are not there at run time, and not in JavaScript. @throws LongtakeError `InvalidRequest` */
export function checkArguments(call: string, schema: z.ZodType, given: unknown): void {
  const parsed = schema.safeParse(given, { error: inPlainWords });
  if (parsed.success) return;
  throw new LongtakeError('InvalidRequest', `${call}: ${describeIssues(parsed.error, (path) => path.join('.'))}.`);
}
