/**
 * Runs in namespaces of its own, where 93.184.215.14 is this machine too and names are looked up in the DNS server below.
 * Asks for a video that the provider redirects to https://assets.test, and tells in one JSON line what came of it.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createOpenRouter } from '../../src/openrouter/client.js';

export interface RebindingTask {
  readonly tls: { readonly key: string; readonly cert: string };
  readonly apiKey: string;
  readonly publicAddress: string;
  /** What the name's addresses are at the first look-up, at the second, and so on; the last stays. */
  readonly addresses: readonly (readonly string[])[];
  /** How often the video is asked for. */
  readonly calls: number;
  /** How many videos are asked for, before that, whose hosts' name servers never answer. */
  readonly hung: number;
}

export interface Listener {
  connections: number;
  readonly requests: IncomingHttpHeaders[];
}

export interface RebindingReport {
  readonly outcomes: string[];
  /** How many of those that hang were given up before another name was found. */
  readonly givenUpBefore: number;
  readonly lookUps: number;
  readonly provider: Listener;
  readonly publicHost: Listener;
  readonly privateHost: Listener;
}

const HEADER_BYTES = 12;
const TYPE_A = 1;

/** Answers for every name but `hung-….test`, with a time to live of zero. @returns how often addresses were asked for */
async function startNameServer(addresses: RebindingTask['addresses'], onHung: () => void): Promise<() => number> {
  let lookUps = 0;
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const questionEnd = query.indexOf(0, HEADER_BYTES) + 5;
    if (query.includes('hung-')) {
      onHung();
      return;
    }
    const isAddress = query.readUInt16BE(questionEnd - 4) === TYPE_A;
    const found = isAddress ? (addresses[Math.min(lookUps++, addresses.length - 1)] ?? []) : [];
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2); // its id
    header.writeUInt16BE(0x8580, 2); // an authoritative answer
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    const records = found.map((one) =>
      Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...one.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), ...records]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(53, '127.0.0.1', resolve));
  return () => lookUps;
}

async function listen(
  server: ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>,
  port: number,
  host: string,
): Promise<Listener> {
  const seen: Listener = { connections: 0, requests: [] };
  server.on('connection', () => (seen.connections += 1));
  server.on('request', ({ headers }) => seen.requests.push(headers));
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return seen;
}

const task = JSON.parse(process.argv[2] ?? '{}') as RebindingTask;
let onHung: () => void = () => undefined;
const isHanging = new Promise<void>((resolve) => (onHung = resolve));
const lookUps = await startNameServer(task.addresses, onHung);
const redirecting = createServer(({ url }, response) => {
  const host = /hung-\d+/.exec(url ?? '')?.[0] ?? 'assets';
  response.writeHead(302, { location: `https://${host}.test/v.mp4` }).end();
});
const provider = await listen(redirecting, 8080, '127.0.0.1');
const serving = () => createTlsServer(task.tls, (_request, response) => response.end('video'));
const publicHost = await listen(serving(), 443, task.publicAddress);
const privateHost = await listen(serving(), 443, '127.0.0.1');
const openRouter = createOpenRouter({ baseUrl: 'http://127.0.0.1:8080/api/v1', apiKey: task.apiKey });
let givenUp = 0;
for (let n = 0; n < task.hung; n++) void openRouter.content(`hung-${n}`, 0).finally(() => (givenUp += 1));
if (task.hung > 0) {
  while (provider.requests.length < task.hung) await nextTurn();
  await isHanging;
  await lookup('provider.test');
}
const givenUpBefore = givenUp;
const outcomes: string[] = [];
for (let call = 0; call < task.calls; call++) {
  const answer = await openRouter.content('job-1', 0);
  outcomes.push(answer.outcome);
  if (answer.outcome === 'content') await buffer(answer.body);
}
const report: RebindingReport = { outcomes, givenUpBefore, lookUps: lookUps(), provider, publicHost, privateHost };
process.stdout.write(JSON.stringify(report), () => process.exit());
