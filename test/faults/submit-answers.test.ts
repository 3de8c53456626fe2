import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LongtakeError, type LongtakeHandle } from '../../src/client/index.js';
import type { FailureType } from '../../src/contract/index.js';
import { closedPort, selfSigned, startRawServer, type RawServer } from '../openrouter/raw-server.js';
import { fullPort } from '../support/full-port.js';
import { accepted, refusal, type Handler, type Reply } from '../support/provider.js';
import { logLines, startRig, until, type Rig } from '../support/rig.js';

/**
 * Everything that a submit can meet, through the whole stack: what is made of it, how the run stands then, and how many
 * requests the server counted. The answer that never comes takes a minute: it is in `submit-moments.test.ts`.
 */

type Outcome = 'accepted' | 'refused' | 'unavailable' | 'unknown';

interface Row {
  readonly fault: string;
  readonly submit: Handler;
  readonly outcome: Outcome;
  readonly end: 'succeeded' | 'awaiting_decision' | FailureType;
}

const says =
  (reply: Reply): Handler =>
  () =>
    reply;

const HTML = '<html><body>Service Unavailable</body></html>';
const JOB = { polling_url: '/api/v1/videos/x', status: 'pending' };

const refused = (status: number, end: FailureType): Row => ({
  fault: `a ${status}`,
  submit: says(refusal(status, 'the reason given')),
  outcome: 'refused',
  end,
});
const busy = (fault: string, reply: Reply): Row => ({
  fault,
  submit: says(reply),
  outcome: 'unavailable',
  end: 'ProviderUnavailable',
});
const doubtful = (fault: string, answer: Reply | Handler): Row => ({
  fault,
  submit: typeof answer === 'function' ? answer : says(answer),
  outcome: 'unknown',
  end: 'awaiting_decision',
});
const taken = (fault: string, reply: Reply): Row => ({
  fault,
  submit: says(reply),
  outcome: 'accepted',
  end: 'succeeded',
});

const ROWS: readonly Row[] = [
  refused(400, 'SubmissionRejected'),
  refused(401, 'AuthenticationFailed'),
  refused(402, 'InsufficientCredits'),
  refused(403, 'PermissionDenied'),
  refused(404, 'SubmissionRejected'),
  refused(409, 'SubmissionRejected'),
  refused(413, 'SubmissionRejected'),
  refused(422, 'SubmissionRejected'),
  {
    ...refused(307, 'SubmissionRejected'),
    submit: says({ status: 307, headers: { location: 'https://elsewhere.example/' } }),
  },
  busy('a 429', refusal(429, 'busy')),
  busy('a 429 with Retry-After beyond the bound', refusal(429, 'busy', { 'retry-after': '3600' })),
  busy('a 503 in OpenRouter’s words', refusal(503, 'no provider')),
  busy('a 503 in OpenRouter’s words with Retry-After', refusal(503, 'no provider', { 'retry-after': '3600' })),
  doubtful('a 503 of a proxy', { status: 503, body: HTML }),
  ...[408, 500, 502, 504, 524, 529].map((status) => doubtful(`a ${status}`, refusal(status, 'the reason given'))),
  doubtful('a reset after the body', ({ request }) => {
    request.socket.resetAndDestroy();
    return null;
  }),
  doubtful('a connection closed without an answer', ({ request }) => {
    request.socket.destroy();
    return null;
  }),
  doubtful('a 202 that breaks off', ({ response }) => {
    response.writeHead(202, { 'content-length': '200', 'content-type': 'application/json' });
    response.write('{"id":"job-lost","sta', () => response.destroy());
    return null;
  }),
  doubtful('a 202 in HTML', { status: 202, body: HTML }),
  doubtful('a 202 with broken JSON', { status: 202, body: '{"id": ' }),
  doubtful('a 202 without an id', { status: 202, body: JOB }),
  doubtful('a 202 with an empty id', { status: 202, body: { ...JOB, id: '' } }),
  taken('a 202', accepted('a')),
  taken('a 200 instead of a 202', accepted('b', 200)),
  taken('a 202 with keys nobody knows', { status: 202, body: { ...JOB, id: 'c', surprise: { deep: [1, null] } } }),
  taken('a 202 of 1 MB', { status: 202, body: { ...JOB, id: 'd', padding: 'x'.repeat(1024 * 1024) } }),
];

let rig: Rig;
const handles = new Map<string, LongtakeHandle>();
const posts = new Map<string, number>();

function start(to: Rig, fault: string): Promise<LongtakeHandle> {
  // What is refused is tried again for as long as this; here it is never.
  return to.start({ request: { model: 'test/model', prompt: fault, duration: 4 }, timeouts: { submit: '1ms' } });
}

beforeAll(async () => {
  const byFault = new Map(ROWS.map(({ fault, submit }) => [fault, submit]));
  rig = await startRig({
    script: {
      submit: (call) => {
        const fault = String(call.json['prompt']);
        posts.set(fault, (posts.get(fault) ?? 0) + 1);
        return (byFault.get(fault) ?? says(refusal(400, 'no such row')))(call);
      },
    },
  });
  await Promise.all(ROWS.map(async ({ fault }) => handles.set(fault, await start(rig, fault))));
});
afterAll(async () => {
  await rig.stop();
});

/** The type of the end; a run in doubt is abandoned. */
async function endOf(handle: LongtakeHandle): Promise<Row['end']> {
  const { state } = await until(handle, (status) =>
    ['awaiting_decision', 'succeeded', 'failed'].includes(status.state),
  );
  if (state === 'awaiting_decision') {
    await handle.resolveSubmission({ action: 'abandon' });
    await handle.result().catch(() => undefined);
    return state;
  }
  const error: unknown = await handle.result().then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof LongtakeError ? (error.type as FailureType) : 'succeeded';
}

/** What the run wrote into the ledger about its submits. */
function submitsOf({ workflowId }: LongtakeHandle): unknown {
  const line = logLines.find((text) => text.includes('"ledger":') && text.includes(workflowId));
  return (JSON.parse(line ?? '{}') as { ledger?: { submits?: unknown } }).ledger?.submits;
}

describe('a submit that meets', () => {
  it.each(ROWS)('$fault: one POST, $outcome, $end', async ({ fault, outcome, end }) => {
    const handle = handles.get(fault);
    if (handle === undefined) throw new Error('the run was not started');
    expect(await endOf(handle)).toBe(end);
    expect(submitsOf(handle)).toEqual([outcome]);
    expect(posts.get(fault)).toBe(1);
  });
});

/** What a connection does before or while the request goes over it. */
interface WireRow {
  readonly fault: string;
  readonly open: () => Promise<Pick<RawServer, 'origin' | 'requests'>>;
  readonly prompt: string;
  /** Requests that the server may have seen whole. */
  readonly posts: 0 | 1;
  readonly outcome: Outcome;
  readonly end: Row['end'];
}

const at = (origin: string) => ({ origin, requests: [] });
const overTls = ({ origin, requests }: RawServer) => ({ origin: origin.replace('http:', 'https:'), requests });
const neverSent = (fault: string, open: WireRow['open']): WireRow => ({
  fault,
  open,
  prompt: 'short',
  posts: 0,
  outcome: 'unavailable',
  end: 'ProviderUnavailable',
});
const cutOff = (fault: string, onConnection: (socket: Socket) => void, prompt = 'short'): WireRow => ({
  fault,
  open: () => startRawServer(() => undefined, { onConnection }),
  prompt,
  posts: 1,
  outcome: 'unknown',
  end: 'awaiting_decision',
});

const WIRE_ROWS: readonly WireRow[] = [
  neverSent('is refused', async () => at(`http://127.0.0.1:${await closedPort()}`)),
  neverSent('leads to a name that is not found', () => Promise.resolve(at(`https://${'x'.repeat(64)}.invalid`))),
  neverSent('does not come about in time', async () => at(`http://127.0.0.1:${await fullPort()}`)),
  neverSent('does not speak TLS', async () =>
    overTls(await startRawServer(() => undefined, { onConnection: (socket) => socket.end('hello\r\n') })),
  ),
  neverSent('never ends its TLS handshake', async () => overTls(await startRawServer(() => undefined))),
  neverSent('has a certificate that nobody trusts', () =>
    startRawServer((socket) => socket.end(), { tls: selfSigned() }),
  ),
  neverSent('stands and is closed at once', () =>
    startRawServer(() => undefined, { onConnection: (socket) => socket.end() }),
  ),
  cutOff(
    'is reset before the body is through',
    (socket) => socket.once('data', () => socket.resetAndDestroy()),
    'x'.repeat(1_000_000),
  ),
];

describe('a submit whose connection', () => {
  it.each(WIRE_ROWS)('$fault: at most one POST, $outcome, $end', async ({ open, prompt, posts, outcome, end }) => {
    const { origin, requests } = await open();
    const other = await startRig({ environment: { OPENROUTER_BASE_URL: `${origin}/api/v1` } });
    try {
      const handle = await start(other, prompt);
      expect(await endOf(handle)).toBe(end);
      expect(submitsOf(handle)).toEqual([outcome]);
      expect(requests.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(posts);
    } finally {
      await other.stop();
    }
  });
});
