import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { API_KEY, connectTo, expectNoKey, openRouterError, TALKATIVE } from './rig.js';
import { closedPort, reply, selfSigned, startRawServer } from './raw-server.js';

const JOB = { id: 'job-1', polling_url: 'https://elsewhere.test/videos/job-1', status: 'in_progress' };

interface Row {
  readonly fault: string;
  readonly answer: (socket: Socket) => void;
  readonly pollAnswerMs?: number;
  readonly expected: object;
}

const says =
  (text: string) =>
  (socket: Socket): void => {
    socket.write(text);
  };

const troubled = (fault: string, answer: (socket: Socket) => void, httpStatus: number | null): Row => ({
  fault,
  answer,
  expected: { outcome: 'trouble', httpStatus },
});

const SOON = { 'Retry-After': 3 };

function patient(fault: string, text: string): Row {
  return { fault: `${fault} with Retry-After`, answer: says(text), expected: { retryAfterMs: 3_000 } };
}

const ROWS: readonly Row[] = [
  {
    fault: 'a job',
    answer: says(reply(200, JOB)),
    expected: {
      outcome: 'job',
      job: { id: 'job-1', status: 'in_progress', costUsd: null, error: null, outputs: 1, model: null },
    },
  },
  {
    fault: 'a status nobody knows',
    answer: says(reply(200, { ...JOB, status: 'pondering' })),
    expected: { outcome: 'job', job: { status: 'pondering' } },
  },
  {
    fault: 'a finished job with foreign addresses',
    answer: says(reply(200, { ...JOB, status: 'completed', unsigned_urls: ['https://a.test', 'https://b.test'] })),
    expected: { outcome: 'job', job: { status: 'completed', outputs: 2 } },
  },
  { fault: 'a 404', answer: says(reply(404, openRouterError(TALKATIVE))), expected: { outcome: 'missing' } },
  ...[401, 403].map((status) => ({
    fault: `a ${status}`,
    answer: says(reply(status, openRouterError(TALKATIVE))),
    expected: { outcome: 'denied', httpStatus: status },
  })),
  ...[201, 202, 204, 206, 301, 302, 303, 307, 308, 400, 402, 408, 409, 410, 422, 500, 502, 503, 504, 524, 529].map(
    (status) =>
      troubled(`a ${status}`, says(reply(status, openRouterError(TALKATIVE), { Location: '/elsewhere' })), status),
  ),
  {
    fault: 'a 429 with a date to come back at',
    answer: says(reply(429, 'slow down', { 'Retry-After': 'Fri, 31 Dec 9999 23:59:59 GMT' })),
    expected: { outcome: 'trouble', httpStatus: 429, retryAfterMs: 24 * 60 * 60 * 1000 },
  },
  ...[404, 401, 403, 302, 402, 503].map((status) => patient(`a ${status}`, reply(status, 'no', SOON))),
  patient('an unfinished job', reply(200, JOB, SOON)),
  patient('HTML', reply(200, '<html></html>', SOON)),
  patient('another job', reply(200, { ...JOB, id: 'job-2' }, SOON)),
  patient('compressed JSON', reply(200, JOB, { ...SOON, 'Content-Encoding': 'br' })),
  patient('more than 4 MiB', reply(200, { ...JOB, padding: 'x'.repeat(5 * 1024 * 1024) }, SOON)),
  troubled('HTML', says(reply(200, '<html></html>')), 200),
  troubled('broken JSON', says(reply(200, '{"id":"job-1",')), 200),
  troubled('another job', says(reply(200, { ...JOB, id: 'job-2' })), 200),
  troubled('a job without a status', says(reply(200, { ...JOB, status: undefined })), 200),
  troubled('a job whose status is no word', says(reply(200, { ...JOB, status: 7 })), 200),
  troubled('a job without an id', says(reply(200, { status: 'completed' })), 200),
  troubled('compressed JSON', says(reply(200, JOB, { 'Content-Encoding': 'br' })), 200),
  troubled('more than 4 MiB', says(reply(200, { ...JOB, padding: 'x'.repeat(5 * 1024 * 1024) })), 200),
  troubled('a cut body', (socket) => socket.end(reply(200, JSON.stringify(JOB), { 'Content-Length': 900 })), null),
  troubled('a reset', (socket) => socket.resetAndDestroy(), null),
  troubled('a closed connection', (socket) => socket.end(), null),
  { ...troubled('silence', () => undefined, null), pollAnswerMs: 300 },
  {
    ...troubled('a body that stops', says(reply(200, JSON.stringify(JOB), { 'Content-Length': 900 })), null),
    pollAnswerMs: 300,
  },
  { ...troubled('a body that trickles', trickle, null), pollAnswerMs: 300 },
];

function trickle(socket: Socket): void {
  socket.write(reply(200, '', { 'Content-Length': 1_000_000 }));
  const timer = setInterval(() => socket.write(' '), 20);
  socket.once('close', () => {
    clearInterval(timer);
  });
}

describe('a poll', () => {
  it.each(ROWS)('asks once and takes $fault for what it is', async ({ answer, pollAnswerMs = 30_000, expected }) => {
    const server = await startRawServer(answer);
    const polled = await connectTo(server.origin, { pollAnswerMs }).poll('job-1');
    expect(polled).toMatchObject(expected);
    expectNoKey(polled);
    expect(server.requests).toHaveLength(1);
  });

  it('builds the address from the base and the escaped id, and shows the key', async () => {
    const server = await startRawServer((socket) => socket.write(reply(404)));
    await connectTo(server.origin).poll('a/../b?c=d#e%2f');
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      path: '/api/v1/videos/a%2F..%2Fb%3Fc%3Dd%23e%252f',
      headers: { authorization: `Bearer ${API_KEY}`, 'accept-encoding': 'identity' },
    });
  });

  it('keeps its connection for the next poll', async () => {
    const server = await startRawServer((socket) => socket.write(reply(200, JOB)));
    const openRouter = connectTo(server.origin);
    for (let polls = 0; polls < 3; polls++) {
      await openRouter.poll('job-1');
      await new Promise(setImmediate); // undici takes a connection back a turn later
    }
    expect(server.connections()).toBe(1);
  });

  it('answers trouble when nothing can be reached, whatever stands in the way', async () => {
    const hang = await startRawServer(() => undefined);
    const untrusted = await startRawServer(() => undefined, { tls: selfSigned() });
    const origins = [`http://127.0.0.1:${await closedPort()}`, `https://127.0.0.1:${hang.port}`, untrusted.origin];
    for (const origin of origins) {
      const polled = await connectTo(origin, { pollAnswerMs: 300 }).poll('job-1');
      expect(polled).toMatchObject({ outcome: 'trouble', httpStatus: null, retryAfterMs: null });
    }
  });

  it('ends as soon as the caller gives up, also while it connects', async () => {
    const caller = new AbortController();
    const server = await startRawServer(() => undefined, {
      onConnection: () => {
        caller.abort();
      },
    });
    const polled = await connectTo(`https://127.0.0.1:${server.port}`).poll('job-1', { signal: caller.signal });
    expect(polled).toMatchObject({
      outcome: 'trouble',
      message: 'No whole answer came from OpenRouter: the call was ended before the answer came.',
    });
  });

  it('refuses an id that would ask another endpoint', async () => {
    const openRouter = connectTo(`http://127.0.0.1:${await closedPort()}`);
    await expect(openRouter.poll('..')).rejects.toThrow('cannot be put into an address');
  });
});
