import type { Dispatcher } from 'undici';
import { header, lengthOf } from './answer-head.js';
import type { Continuation, FileIdentity } from './answers.js';

/** RFC 9110, 8.8.2.2: a file's date is strong once it is older than the answer by more than clocks are apart. */
const CLOCK_SKEW_MS = 60_000;
const STRONG_ETAG = /^"[\x21\x23-\x7e]*"$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

type Head = Pick<Dispatcher.ResponseData, 'headers'>;

/** By what the file of this answer can be known again, or `null`: then a transfer that breaks off starts over. */
export function identityOf(response: Head): FileIdentity | null {
  const validator = strongValidator(response);
  const totalBytes = lengthOf(response);
  return validator === null || totalBytes === null ? null : { validator, totalBytes };
}

export function rangeHeaders({ file, from }: Continuation): Record<string, string> {
  return { range: `bytes=${from}-`, 'if-range': file.validator };
}

/** Whether a 206 proves that it is the rest of the same file, all of it. */
export function isContinuation(response: Head, { file, from }: Continuation): boolean {
  const { validator, totalBytes } = file;
  const length = lengthOf(response);
  return (
    header(response, validator.startsWith('"') ? 'etag' : 'last-modified') === validator &&
    header(response, 'content-range') === `bytes ${from}-${totalBytes - 1}/${totalBytes}` &&
    (length === null || length === totalBytes - from)
  );
}

/** A date counts only where there is no entity tag (RFC 9110, 13.1.5). */
function strongValidator(response: Head): string | null {
  const etag = header(response, 'etag');
  if (etag !== null) return STRONG_ETAG.test(etag) ? etag : null;
  const modified = header(response, 'last-modified') ?? '';
  const ageMs = Date.parse(header(response, 'date') ?? '') - Date.parse(modified);
  return HTTP_DATE.test(modified) && ageMs >= CLOCK_SKEW_MS ? modified : null;
}
