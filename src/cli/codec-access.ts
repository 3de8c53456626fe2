import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What Temporal's UI sends along. */
const HEADERS = 'authorization, authorization-extras, content-type, x-namespace';

/**
 * Lets pages of these origins read the answer, with the browser's credentials for this server. `false`: the request comes
 * from a page of another one. What is no page has no origin.
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, origins: readonly string[]): boolean {
  const { origin } = request.headers;
  response.setHeader('vary', 'origin');
  if (origin === undefined) return true;
  if (!origins.includes(origin)) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', HEADERS);
  return true;
}

/**
 * Whether the caller shows the token: as a bearer, or as the password that a browser asks for, since a UI without
 * single sign-on has no bearer to send.
 */
export function showsToken({ headers }: IncomingMessage, token: string): boolean {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ', 2);
  const given = scheme.toLowerCase() === 'basic' ? passwordOf(value) : value;
  const known = ['basic', 'bearer'].includes(scheme.toLowerCase());
  return timingSafeEqual(digest(given), digest(token)) && known;
}

/** `user:password` in base64; the user is whoever. */
function passwordOf(value: string): string {
  const text = Buffer.from(value, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

/** Of equal length whatever came, so that comparing takes as long for a wrong token as for a right one. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
