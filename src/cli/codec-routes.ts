import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PayloadCodec } from '@temporalio/common';
import { LIMITS } from '../contract/limits.js';
import { DecryptionError } from '../encryption/decryption-error.js';
import { parsePayloads, payloadsJson } from '../encryption/payload-json.js';
import { readBody } from '../webhook/read-body.js';
import { sendText, type Route } from '../worker/http-server.js';
import { allowOrigin, showsToken } from './codec-access.js';

export interface CodecRoutesOptions {
  readonly codec: PayloadCodec;
  /** What callers must show. */
  readonly token: string;
  /** Whose pages may call: where Temporal's UI is. */
  readonly origins: readonly string[];
  /** A caller, at this address, did not show the token. */
  readonly onRefused: (from: string) => void;
  /** What an authorised caller sent was not transformed, and why: what it got as an answer, and nothing of what it sent. */
  readonly onFailed: (from: string, why: string) => void;
}

const PATH = /^\/(encode|decode)$/;
const SIGNED_IN =
  'Signed in: with "Include cross-origin credentials", the UI of Temporal can use this codec server now.';

const NO_BODY = { 'too large': 413, 'too slow': 408, 'broken off': 400 } as const;

/** Temporal's codec server protocol: `POST /encode` and `POST /decode`, each with `{ "payloads": […] }` in JSON. */
export function codecRoutes(options: CodecRoutesOptions): readonly Route[] {
  return [
    {
      method: 'OPTIONS',
      path: PATH,
      handle: (request, response) => {
        const allowed = allowOrigin(request, response, options.origins);
        response.writeHead(allowed ? 204 : 403).end();
      },
    },
    {
      method: 'POST',
      path: PATH,
      handle: async (request, response, [, verb]) => {
        if (isWelcome(request, response, options)) {
          const { codec } = options;
          const work = verb === 'encode' ? codec.encode.bind(codec) : codec.decode.bind(codec);
          const refusal = await transform(request, response, work);
          if (refusal !== null) {
            options.onFailed(callerOf(request), refusal.why);
            sendText(response, refusal.status, refusal.why);
          }
        }
        request.resume(); // what was not read must not keep the sender from reading the answer
      },
    },
    {
      // Where a browser is asked for the token, and remembers it.
      method: 'GET',
      path: /^\/$/,
      handle: (request, response) => {
        if (isWelcome(request, response, options)) sendText(response, 200, SIGNED_IN);
      },
    },
  ];
}

function isWelcome(request: IncomingMessage, response: ServerResponse, options: CodecRoutesOptions): boolean {
  if (!allowOrigin(request, response, options.origins)) {
    sendText(response, 403, 'pages of this origin may not use this codec server: it must be started with --origin');
    return false;
  }
  if (!showsToken(request, options.token)) {
    // A browser would hold up the UI with a question for a password, so only the page for it asks.
    response.setHeader(
      'www-authenticate',
      `${request.method === 'GET' ? 'Basic' : 'Bearer'} realm="longtake codec server"`,
    );
    if (!isFirstAsk(request)) options.onRefused(callerOf(request));
    sendText(response, 401, 'the token is missing or wrong');
    return false;
  }
  return true;
}

function callerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'an unknown address';
}

/** A browser asks without the token first, to be asked for it. */
function isFirstAsk({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.authorization === undefined;
}

interface Refusal {
  readonly status: number;
  readonly why: string;
}

/** Answers with what `work` made of the payloads, or says why that cannot be. */
async function transform(
  request: IncomingMessage,
  response: ServerResponse,
  work: PayloadCodec['encode'],
): Promise<Refusal | null> {
  const body = await readBody(request, { maxBytes: LIMITS.codecBytes, withinMs: LIMITS.codecBodyMs });
  if (typeof body === 'string') return { status: NO_BODY[body], why: `the body is ${body}` };
  const payloads = parsePayloads(body);
  if (payloads === null) {
    return { status: 400, why: 'the body is no JSON of the form { "payloads": [{ "metadata": {…}, "data": "…" }] }' };
  }
  try {
    const answer = payloadsJson(await work(payloads));
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(answer);
    return null;
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    return { status: 400, why: error.message };
  }
}
