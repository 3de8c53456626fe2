import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** The value of a header, all of them where it was sent several times, or `null`. */
export function header({ headers }: Pick<Dispatcher.ResponseData, 'headers'>, name: string): string | null {
  const value = (headers as Record<string, IncomingHttpHeaders[string]>)[name];
  return (Array.isArray(value) ? value.join(', ') : value) ?? null;
}

/**
 * Bytes as they are: `aws-chunked` is how they were uploaded, and some object stores repeat it; the others are what
 * people take the header for. A video that is compressed all the same is no MP4.
 */
const UNCHANGED: ReadonlySet<string> = new Set([
  'identity',
  'none',
  'aws-chunked',
  'utf-8',
  '7bit',
  '8bit',
  'binary',
  '',
]);

/** We ask for `identity`: anything else is not what was asked for, and could unpack to any size. */
export function isCompressed(response: Pick<Dispatcher.ResponseData, 'headers'>): boolean {
  const encodings = header(response, 'content-encoding')?.toLowerCase().split(',') ?? [];
  return !encodings.every((encoding) => UNCHANGED.has(encoding.trim()));
}

/** `Content-Length`, when there is one that can be believed. */
export function lengthOf(response: Pick<Dispatcher.ResponseData, 'headers'>): number | null {
  const text = header(response, 'content-length')?.trim() ?? null;
  if (text === null || !/^\d+$/.test(text)) return null;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : null;
}
