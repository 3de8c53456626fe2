import { z } from 'zod';
import { isUsableJobId } from '../contract/job-id.js';
import type { Quote } from './provider-text.js';

/** How much of a text is looked at, in characters, and how many ids are worth a person's look. */
const MAX_CHARACTERS = 64 * 1024;
const MAX_IDS = 3;

// Up to the delimiter: half an id is none. Text within a JSON string has its quotes escaped, and does not match.
const ID = /"(?:job_?)?id"\s{0,9}:\s{0,9}"([^"\\\s]{1,128})"/gi;
const POLLING_ID = /"polling_url"\s{0,9}:\s{0,9}"[^"\s]{0,500}\/videos\\?\/([^"\\/?#%\s]{1,128})["\\/?#]/g;
const STATUS = /"status"\s{0,9}:\s{0,9}"/;

const usableId = z.custom<string>(isUsableJobId);
const jobObject = z.union([
  z.object({ id: usableId, status: z.string() }),
  z.object({ id: usableId, polling_url: z.string() }),
]);

/** The ids in an answer, whole or cut, that may be its job's: the likeliest first, and none that has to be left out of a quotation. */
export function idsIn(text: string, quote: Quote): readonly string[] {
  const start = text.slice(0, MAX_CHARACTERS);
  const ids = [POLLING_ID, ID].flatMap((pattern) => Array.from(start.matchAll(pattern), ([, id = '']) => id));
  return [...new Set(ids)].filter((id) => isUsableJobId(id) && quote(id) === id).slice(0, MAX_IDS);
}

/** Whether an answer is a job. `value` is its JSON, or `undefined` where that is broken: then an object with a job's marks is one. */
export function isJob(text: string, value: unknown): boolean {
  const start = text.slice(0, MAX_CHARACTERS);
  if (start.search(POLLING_ID) >= 0) return true;
  if (value !== undefined) return jobObject.safeParse(value).success;
  return /^\s*\{/.test(start) && start.search(ID) >= 0 && STATUS.test(start);
}
