import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawServer {
  readonly origin: string;
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** TCP connections that were opened, with or without a request. */
  connections(): number;
  /** Resolves when no connection is open any more. */
  allClosed(): Promise<void>;
}

export interface RawServerOptions {
  readonly host?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Sees every connection before anything is read. */
  readonly onConnection?: (socket: Socket) => void;
}

/** Answers with bytes, so that it can answer wrongly. Closed with everything it holds when the test ends. */
export async function startRawServer(
  answer: (socket: Socket, request: ReceivedRequest) => void,
  { host = '127.0.0.1', tls, onConnection }: RawServerOptions = {},
): Promise<RawServer> {
  const requests: ReceivedRequest[] = [];
  const open = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let connections = 0;
  const serve = (socket: Socket): void => {
    socket.on('error', () => undefined);
    onConnection?.(socket);
    readRequests(socket, (request) => {
      requests.push(request);
      answer(socket, request);
    });
  };
  const server = tls === undefined ? createTcpServer(serve) : createTlsServer(tls, serve);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests,
    connections: () => connections,
    allClosed: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

/** A whole answer. `Content-Length` is added unless the headers frame the body themselves. */
export function reply(
  status: number,
  body: string | object = '',
  headers: Readonly<Record<string, string | number>> = {},
): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = { 'Content-Length': Buffer.byteLength(text), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n${text}`;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A certificate, by default for 127.0.0.1 and localhost, that nobody trusts. */
export function selfSigned(hosts: readonly string[] = ['DNS:localhost', 'IP:127.0.0.1']): {
  readonly key: string;
  readonly cert: string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'longtake-tls-'));
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${hosts.join(',')}`];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-days', '2', ...names], {
    stdio: 'ignore',
  });
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
}

/** Trusts every certificate until the test ends. */
export function trustAnyCertificate(): void {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  onTestFinished(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  });
}

function readRequests(socket: Socket, onRequest: (request: ReceivedRequest) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = parseHead(received.subarray(0, headEnd).toString('latin1'));
      const end = headEnd + 4 + Number(head.headers['content-length'] ?? 0);
      if (received.length < end) return;
      const body = received.subarray(headEnd + 4, end).toString('utf8');
      received = received.subarray(end);
      onRequest({ ...head, body });
    }
  });
}

function parseHead(text: string): Omit<ReceivedRequest, 'body'> {
  const [first = '', ...lines] = text.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { method, path, headers: Object.fromEntries(headers) };
}
