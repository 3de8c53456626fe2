import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from './http-error.js';

/** One request on its way to an answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/**
 * The whole body. One that is too long is read to its end all the same, but not kept: a connection closed in the middle
 * of an upload would cost the client the answer.
 * @throws HttpError - 413
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (bytes > maxBytes) throw new HttpError(413, `The request body is larger than ${maxBytes} bytes.`);
  return Buffer.concat(chunks);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Content-Length': bytes.length });
  response.end(bytes);
}

export function sendError(response: ServerResponse, { status, message, extra }: HttpError): void {
  sendJson(response, status, { error: { code: status, message, ...extra.details } }, extra.headers);
}
