import {
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** What the caller hears instead of the answer that the real server gave. */
export type Instead =
  { readonly grpcStatus: number } | { readonly httpStatus: number } | { readonly resetCode: number } | 'nothing';

/** A load balancer between two real programs, which passes every call on and loses the answers to some. */
export interface GrpcProxy {
  readonly address: string;
  /** How many callers are connected now. */
  connections(): number;
  /**
   * Resolves when the server has answered a call of `method`, and the caller hears something else. `after`: from the first
   * answer to that other method on.
   */
  loseAnswersTo(method: string, instead: Instead, after?: string): Promise<void>;
  /** From now on answers to `method` arrive again. */
  restore(method: string): void;
  close(): Promise<void>;
}

export async function startGrpcProxy(target: string): Promise<GrpcProxy> {
  const upstream = connect(`http://${target}`).on('error', () => undefined);
  const lost = new Map<string, { readonly instead: Instead; readonly after: string | undefined; tell(): void }>();
  const answered = new Set<string>();
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer().on('session', (session) => {
    sessions.add(session.on('error', () => undefined).on('close', () => sessions.delete(session)));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    void passOn(headers, stream).then((answer) => {
      if (stream.destroyed) return;
      const method = String(headers[':path']).split('/').at(-1) ?? '';
      answered.add(method);
      const loss = lost.get(method);
      if (loss === undefined || (loss.after !== undefined && !answered.has(loss.after))) giveBack(stream, answer);
      else {
        giveInstead(stream, loss.instead);
        loss.tell();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function passOn(headers: IncomingHttpHeaders, body: ServerHttp2Stream): Promise<Answer> {
    const call = upstream.request({ ...headers, ':authority': target });
    body.pipe(call);
    const answer: Answer = { headers: {}, chunks: [], trailers: null };
    call.on('response', (given: IncomingHttpHeaders) => {
      answer.headers = given;
    });
    call.on('trailers', (given: IncomingHttpHeaders) => {
      answer.trailers = given;
    });
    call.on('data', (chunk: Buffer) => answer.chunks.push(chunk));
    await new Promise((resolve) => call.on('close', resolve).on('error', resolve));
    return answer;
  }

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sessions.size,
    loseAnswersTo: (method, instead, after) =>
      new Promise((resolve) => {
        lost.set(method, { instead, after, tell: resolve });
      }),
    restore: (method) => {
      lost.delete(method);
    },
    close: async () => {
      upstream.destroy();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answer {
  headers: IncomingHttpHeaders;
  readonly chunks: Buffer[];
  trailers: IncomingHttpHeaders | null;
}

function giveBack(stream: ServerHttp2Stream, { headers, chunks, trailers }: Answer): void {
  if (trailers === null) {
    stream.respond(headers, { endStream: true });
    return;
  }
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers);
  });
  stream.end(Buffer.concat(chunks));
}

function giveInstead(stream: ServerHttp2Stream, instead: Instead): void {
  if (instead === 'nothing') return;
  if ('resetCode' in instead) stream.close(instead.resetCode);
  else if ('httpStatus' in instead) stream.respond({ ':status': instead.httpStatus }, { endStream: true });
  else {
    const headers = { 'content-type': 'application/grpc', 'grpc-status': String(instead.grpcStatus) };
    stream.respond({ ':status': 200, ...headers, 'grpc-message': 'lost' }, { endStream: true });
  }
}
