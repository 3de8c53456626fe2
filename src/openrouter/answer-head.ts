import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** The value of a header, all of them where it was sent several times, or `null`. */
export function header({ headers }: Pick<Dispatcher.ResponseData, 'headers'>, name: string): string | null {
  const value = (headers as Record<string, IncomingHttpHeaders[string]>)[name];
  return (Array.isArray(value) ? value.join(', ') : value) ?? null;
}

/** We ask for `identity`: anything else is not what was asked for, and could unpack to any size. */
export function isCompressed(response: Pick<Dispatcher.ResponseData, 'headers'>): boolean {
  const encoding = header(response, 'content-encoding')?.trim().toLowerCase() ?? '';
  return encoding !== '' && encoding !== 'identity';
}

/** `Content-Length`, when there is one that can be believed. */
export function lengthOf(response: Pick<Dispatcher.ResponseData, 'headers'>): number | null {
  const text = header(response, 'content-length')?.trim() ?? null;
  if (text === null || !/^\d+$/.test(text)) return null;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : null;
}
