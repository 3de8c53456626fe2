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
          await transform(request, response, verb === 'encode' ? codec.encode.bind(codec) : codec.decode.bind(codec));
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
    if (!isFirstAsk(request)) options.onRefused(request.socket.remoteAddress ?? 'an unknown address');
    sendText(response, 401, 'the token is missing or wrong');
    return false;
  }
  return true;
}

/** A browser asks without the token first, to be asked for it. */
function isFirstAsk({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.authorization === undefined;
}

async function transform(
  request: IncomingMessage,
  response: ServerResponse,
  work: PayloadCodec['encode'],
): Promise<void> {
  const body = await readBody(request, { maxBytes: LIMITS.codecBytes, withinMs: LIMITS.codecBodyMs });
  if (typeof body === 'string') {
    sendText(response, NO_BODY[body], body);
    return;
  }
  const payloads = parsePayloads(body);
  if (payloads === null) {
    sendText(response, 400, 'the body is no JSON of the form { "payloads": [{ "metadata": {…}, "data": "…" }] }');
    return;
  }
  try {
    const answer = payloadsJson(await work(payloads));
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(answer);
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error;
    sendText(response, 400, error.message);
  }
}
