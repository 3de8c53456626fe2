import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../config.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'OPTIONS';
  /** Matched against the path alone. */
  readonly path: RegExp;
  handle(request: IncomingMessage, response: ServerResponse, match: RegExpExecArray): Promise<void> | void;
}

export interface HttpServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** Node looks for slow senders every 30 s otherwise. */
const CHECK_SENDERS_MS = 2_000;

/** A small HTTP server for a table of routes. @throws the listen error, such as EADDRINUSE */
export async function startHttpServer(address: Address, routes: readonly Route[]): Promise<HttpServer> {
  // Slow senders must not hold sockets: the largest body of a webhook has 64 KiB, of a codec server 8 MiB.
  const server = createServer({ connectionsCheckingInterval: CHECK_SENDERS_MS }, (request, response) => {
    void answer(routes, request, response);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 20_000;
  server.keepAliveTimeout = 5_000;
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: address.host, port },
    close: () => close(server),
  };
}

async function answer(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const matching = routes.flatMap((route) => {
      const match = route.path.exec(path);
      return match === null ? [] : [{ route, match }];
    });
    const found = matching.find(({ route }) => accepts(route.method, request.method));
    if (found !== undefined) await found.route.handle(request, response, found.match);
    else if (matching.length === 0) sendText(response, 404, 'not found');
    else
      sendText(
        response.setHeader('allow', matching.map(({ route }) => route.method).join(', ')),
        405,
        'method not allowed',
      );
  } catch {
    if (!response.headersSent) sendText(response, 500, 'internal error');
    else response.destroy();
  }
}

function accepts(route: Route['method'], method: string | undefined): boolean {
  return method === route || (route === 'GET' && method === 'HEAD');
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}

async function listen(server: Server, { host, port }: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeIdleConnections();
    setTimeout(() => {
      server.closeAllConnections();
    }, 2_000).unref();
  });
}
