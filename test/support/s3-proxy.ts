import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { deferred } from '../../src/local/deferred.js';

/** What becomes of one request on its way to S3. */
export type Fate =
  | 'pass'
  /** Answered by nobody. */
  | 'hang'
  /** Done, and the answer is lost. */
  | 'lose-answer'
  /** Half of the answer's body comes, and then the connection breaks, or nothing more comes. */
  | 'break-body'
  | 'stall-body'
  /** Done, and the ETag comes back as a weak one, as gateways that compress make it. */
  | 'weaken-etag'
  /** 503 SlowDown, as S3 says it. */
  | 'slow-down'
  /** 500 for good. */
  | 'fail'
  /** 403 AccessDenied. */
  | 'deny'
  /** 412, as if its condition were not met. */
  | 'refuse-condition'
  /** 501, as services answer what they do not know. */
  | 'not-implemented'
  /** Answered in no HTTP. */
  | 'garble'
  | Refusal
  /** "Done" at once, and the storage hears nothing of it. */
  | 'pretend'
  /** The storage has it but for its end, which comes after `rest`, also where the sender is gone. */
  | LatePart;

/** With a code as S3 gives it, or with any body. */
export interface Refusal {
  readonly status: number;
  readonly code?: string;
  readonly body?: string;
}

export interface LatePart {
  /** The sender's connection breaks as soon as all of it has come. */
  readonly cutOff: boolean;
  /** All of it has come from the sender. */
  readonly received: () => void;
  readonly rest: Promise<unknown>;
  /** The storage has answered. */
  readonly landed: () => void;
}

/** A request that is long on its way: its last byte, or all of what has no body, reaches the storage when it is told to. */
export function latePart({ cutOff = false } = {}) {
  const [received, sent, landed] = [deferred<null>(), deferred<null>(), deferred<null>()];
  const fate: LatePart = {
    cutOff,
    received: () => {
      received.resolve(null);
    },
    rest: sent.promise,
    landed: () => {
      landed.resolve(null);
    },
  };
  const send = async (): Promise<void> => {
    sent.resolve(null);
    await landed.promise;
  };
  return { fate, received: received.promise, send, landed: landed.promise };
}

export interface S3Call {
  readonly method: string;
  readonly path: string;
  /** `PUT part`, `POST uploads`, `PUT`, …: the method and what of S3's subresources is named. */
  readonly kind: string;
  /** The header that makes it conditional. */
  readonly condition: 'if-match' | 'if-none-match' | null;
}

export interface S3Proxy {
  readonly endpoint: string;
  readonly calls: S3Call[];
  /** Decides over every request; default: all pass. */
  fate: (call: S3Call) => Fate | Promise<Fate>;
  close(): Promise<void>;
}

/** A way to a real S3 server on which requests and answers get lost. */
export async function startS3Proxy(endpoint: string): Promise<S3Proxy> {
  const proxy: S3Proxy = { endpoint: '', calls: [], fate: () => 'pass', close };
  const server = createServer((incoming, outgoing) => {
    void handle(proxy, endpoint, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function handle(proxy: S3Proxy, endpoint: string, incoming: IncomingMessage, outgoing: ServerResponse) {
  const call = describe(incoming);
  proxy.calls.push(call);
  const fate = await proxy.fate(call);
  if (fate === 'hang') return;
  if (typeof fate === 'object' && 'status' in fate) {
    reply(outgoing, fate);
    return;
  }
  if (typeof fate === 'object') {
    await forwardLate(endpoint, incoming, outgoing, fate);
    return;
  }
  if (fate === 'garble') incoming.socket.end('no HTTP\r\n\r\n');
  else if (fate === 'slow-down') refuse(outgoing, 503, 'SlowDown');
  else if (fate === 'fail') refuse(outgoing, 500, 'InternalError');
  else if (fate === 'deny') refuse(outgoing, 403, 'AccessDenied');
  else if (fate === 'refuse-condition') refuse(outgoing, 412, 'PreconditionFailed');
  else if (fate === 'not-implemented') refuse(outgoing, 501, 'NotImplemented');
  else if (fate === 'pretend')
    incoming.resume().once('end', () => {
      pretend(outgoing);
    });
  else forward(endpoint, incoming, outgoing, fate);
}

function describe({ method = '', url = '', headers }: IncomingMessage): S3Call {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const resource = searchParams.has('partNumber') ? 'part' : searchParams.has('uploads') ? 'uploads' : null;
  const what = resource ?? (searchParams.has('uploadId') ? 'upload' : searchParams.has('list-type') ? 'list' : null);
  const condition = (['if-match', 'if-none-match'] as const).find((name) => headers[name] !== undefined) ?? null;
  return { method, path: decodeURIComponent(pathname), kind: what === null ? method : `${method} ${what}`, condition };
}

function refuse(outgoing: ServerResponse, status: number, code: string): void {
  reply(outgoing, { status, code });
}

function reply(outgoing: ServerResponse, { status, code, body = '' }: Refusal): void {
  outgoing.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
  outgoing.end(code === undefined ? body : xmlError(code));
}

function xmlError(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>test</Message></Error>`;
}

function pretend(outgoing: ServerResponse): void {
  outgoing.writeHead(200, { 'content-type': 'application/xml', etag: '"x"' });
  outgoing.end('<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
}

async function forwardLate(
  endpoint: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { cutOff, received, rest, landed }: LatePart,
): Promise<void> {
  const body = await buffer(incoming);
  if (cutOff) outgoing.destroy();
  received();
  const { method, url, headers } = incoming;
  if (body.length === 0) await rest; // its head is all of it
  const onward = send(endpoint + (url ?? ''), { method, headers, setHost: false }, (answer) => {
    void buffer(answer).then((content) => {
      if (!outgoing.destroyed) outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
      landed();
    });
  });
  onward.write(body.subarray(0, -1));
  await rest;
  onward.end(body.subarray(-1));
}

/** The signature covers the Host header, so that travels as it came. */
function forward(endpoint: string, incoming: IncomingMessage, outgoing: ServerResponse, fate: Fate): void {
  const { method, url, headers } = incoming;
  const onward = send(endpoint + (url ?? ''), { method, headers, setHost: false }, (answer) => {
    if (fate === 'lose-answer') {
      answer.resume().once('end', () => outgoing.destroy());
      return;
    }
    const { etag } = answer.headers;
    const weakened = fate === 'weaken-etag' && etag !== undefined ? { etag: `W/${etag}` } : {};
    outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...weakened });
    if (fate === 'break-body' || fate === 'stall-body') {
      void buffer(answer).then((content) => {
        outgoing.write(content.subarray(0, Math.ceil(content.length / 2)), () => {
          if (fate === 'break-body') outgoing.destroy();
        });
      });
      return;
    }
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  incoming.on('error', () => onward.destroy());
  incoming.pipe(onward);
}
