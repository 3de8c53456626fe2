import type { IncomingHttpHeaders } from 'node:http';
import { HttpError } from './http-error.js';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that is asked for, or `null` for the whole (RFC 9110 §14): also when several are asked for, when the
 * header cannot be read, and when `If-Range` names another version.
 * @throws HttpError - 412 when `If-Match` names another version, 416 when the range lies outside
 */
export function pickRange(headers: IncomingHttpHeaders, length: number, etag: string): ByteRange | null {
  const match = headers['if-match'];
  if (match !== undefined && match !== '*' && !match.split(/\s*,\s*/).includes(etag)) {
    throw new HttpError(412, 'The content is another version than the one in If-Match.');
  }
  const ifRange = headers['if-range'];
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if ((first === '' && last === '') || (ifRange !== undefined && ifRange !== etag)) return null;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  const start = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? length - 1 : Math.min(Number(last), length - 1);
  if (start <= end) return { start, end };
  throw new HttpError(416, `The range lies outside the content, which has ${length} bytes.`, {
    headers: { 'Content-Range': `bytes */${length}` },
  });
}
