import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/local/deferred.js';
import type { SubmitAnswer } from '../../src/openrouter/answers.js';
import { API_KEY, connectTo, expectNoKey, openRouterError, TALKATIVE } from './rig.js';
import { closedPort, reply, selfSigned, startRawServer, trustAnyCertificate } from './raw-server.js';

const REQUEST = { model: 'google/veo-3.1-lite', prompt: 'Grüße, 世界 🌍', duration: 4, n: null };
const JOB = { id: 'job-1', polling_url: '/api/v1/videos/job-1', status: 'pending' };

interface Row {
  readonly fault: string;
  readonly answer: (socket: Socket) => void;
  /** Shortened where the fault is that nothing more comes. */
  readonly submitAnswerMs?: number;
  readonly expected: Partial<Record<'outcome' | 'httpStatus' | 'retryAfterMs' | 'job', unknown>>;
}

const says =
  (text: string) =>
  (socket: Socket): void => {
    socket.write(text);
  };

const refused = (status: number): Row => ({
  fault: `a ${status}`,
  answer: says(reply(status, openRouterError(TALKATIVE))),
  expected: { outcome: 'refused', httpStatus: status },
});

const doubtful = (status: number): Row => ({
  fault: `a ${status}, even in OpenRouter's own words`,
  answer: says(reply(status, openRouterError(TALKATIVE), { 'Retry-After': 1 })),
  expected: { outcome: 'unknown', httpStatus: status },
});

const unreadable = (fault: string, text: string): Row => ({
  fault,
  answer: says(text),
  expected: { outcome: 'unknown' },
});

const whole = (fault: string, answer: Row['answer']): Row => ({
  fault,
  answer,
  expected: { outcome: 'accepted', job: expect.objectContaining({ id: 'job-1', status: 'pending' }) },
});

const CHUNKED = 'HTTP/1.1 202 A\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';

const ROWS: readonly Row[] = [
  ...[400, 401, 402, 403, 404, 409, 413, 422, 300, 301, 302, 304, 307, 308].map(refused),
  ...[303, 408, 499, 500, 502, 504, 524, 529].map(doubtful),
  {
    fault: 'a 401 whose body is cut off',
    answer: (socket) => socket.end(reply(401, '{"err', { 'Content-Length': 900 })),
    expected: { outcome: 'refused', httpStatus: 401 },
  },
  {
    fault: 'a 403 whose body never ends',
    answer: says(reply(403, '{"err', { 'Content-Length': 900 })),
    submitAnswerMs: 300,
    expected: { outcome: 'refused', httpStatus: 403 },
  },
  {
    fault: 'a 402 whose body is compressed',
    answer: says(reply(402, 'xxxx', { 'Content-Encoding': 'gzip' })),
    expected: { outcome: 'refused', httpStatus: 402 },
  },
  {
    fault: 'a 429 with Retry-After in seconds',
    answer: says(reply(429, openRouterError('slow down'), { 'Retry-After': 7 })),
    expected: { outcome: 'not_accepted', httpStatus: 429, retryAfterMs: 7_000 },
  },
  {
    fault: 'a job with Retry-After',
    answer: says(reply(202, JOB, { 'Retry-After': 7 })),
    expected: { outcome: 'accepted', retryAfterMs: 7_000 },
  },
  {
    fault: 'a 429 that says in its body when to come back',
    answer: says(reply(429, openRouterError('slow down', { availability: { retryable: true, retry_after: 30 } }))),
    expected: { outcome: 'not_accepted', httpStatus: 429, retryAfterMs: 30_000 },
  },
  {
    fault: 'a 429 in HTML',
    answer: says(reply(429, '<html>slow down</html>')),
    expected: { outcome: 'not_accepted', httpStatus: 429, retryAfterMs: null },
  },
  {
    fault: "a 503 in OpenRouter's own words",
    answer: says(reply(503, openRouterError('no provider'), { 'Retry-After': 2 })),
    expected: { outcome: 'not_accepted', httpStatus: 503, retryAfterMs: 2_000 },
  },
  {
    fault: 'a 503 in HTML, from a proxy that may have passed the request on',
    answer: says(reply(503, '<html></html>', { 'Retry-After': 2 })),
    expected: { outcome: 'unknown', httpStatus: 503 },
  },
  {
    fault: 'a 503 in JSON of another shape',
    answer: says(reply(503, { error: 'down' })),
    expected: { outcome: 'unknown', httpStatus: 503 },
  },
  {
    fault: 'a 503 whose body is cut off',
    answer: (socket) => socket.end(reply(503, JSON.stringify(openRouterError('x')), { 'Content-Length': 900 })),
    expected: { outcome: 'unknown', httpStatus: 503 },
  },
  unreadable('a 2xx in HTML', reply(202, '<html>welcome</html>')),
  unreadable('a 2xx with broken JSON', reply(202, '{"id":"job-1"')),
  unreadable('a 2xx with JSON that is no object', reply(202, '["job-1"]')),
  unreadable('a 2xx without an id', reply(202, { status: 'pending' })),
  unreadable('a 2xx with an empty id', reply(202, { ...JOB, id: '' })),
  unreadable('a 2xx with the id ".."', reply(202, { ...JOB, id: '..' })),
  unreadable('a 2xx with a numeric id', reply(202, { ...JOB, id: 1 })),
  unreadable('a 204', reply(204)),
  unreadable('a compressed 2xx', reply(202, JOB, { 'Content-Encoding': 'gzip' })),
  whole('a 2xx that never ends after its job', says(reply(202, JOB, { 'Content-Length': 900 }))),
  whole('a chunked 2xx that never ends after its job', says(`${CHUNKED}40\r\n{"id":"job-1"}`)),
  whole('a 2xx that never ends after a job with a line end', says(`${CHUNKED}40\r\n{"id":"job-1"}\r\n`)),
  whole('a 2xx that is one byte too short after its job', (socket) =>
    socket.end(reply(202, JOB, { 'Content-Length': JSON.stringify(JOB).length + 1 })),
  ),
  whole('a 2xx that is cut off after its job', (socket) => socket.end(reply(202, JOB, { 'Content-Length': 900 }))),
  whole('a chunked 2xx that is cut off after its job', (socket) => socket.end(`${CHUNKED}40\r\n{"id":"job-1"}`)),
  whole('a chunked 2xx that is no HTTP after its job', says(`${CHUNKED}e\r\n{"id":"job-1"}\r\nzz\r\n`)),
  whole('a 2xx that is reset after its job', (socket) => {
    socket.write(reply(202, JOB, { 'Content-Length': 900 }), () => socket.resetAndDestroy());
  }),
  whole('a 2xx of 1 MB that is cut off after its job', (socket) =>
    socket.end(reply(202, { ...JOB, padding: 'x'.repeat(1_000_000) }, { 'Content-Length': 2_000_000 })),
  ),
  {
    ...unreadable('a 2xx that never ends within its job', reply(202, '{"id":"job-1"', { 'Content-Length': 900 })),
    submitAnswerMs: 300,
  },
  unreadable('a 2xx that is larger than any job', reply(202, { ...JOB, padding: 'x'.repeat(5 * 1024 * 1024) })),
  unreadable('an upgrade nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n'),
  unreadable('an answer that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'),
  { ...unreadable('no answer', ''), submitAnswerMs: 300 },
  {
    fault: 'a 2xx that is cut off within its job',
    answer: (socket) => socket.end(reply(202, '{"id":"job-1"', { 'Content-Length': 900 })),
    expected: { outcome: 'unknown' },
  },
  {
    fault: 'a chunked 2xx that is cut off within its job',
    answer: (socket) => socket.end(`${CHUNKED}40\r\n{"id":"job-1"`),
    expected: { outcome: 'unknown' },
  },
  {
    fault: 'a connection closed without an answer',
    answer: (socket) => socket.end(),
    expected: { outcome: 'unknown', httpStatus: null },
  },
  {
    fault: 'a reset after the body',
    answer: (socket) => socket.resetAndDestroy(),
    expected: { outcome: 'unknown', httpStatus: null },
  },
  {
    fault: 'a 202',
    answer: says(reply(202, JOB)),
    expected: {
      outcome: 'accepted',
      job: { id: 'job-1', status: 'pending', costUsd: null, error: null, outputs: 1, model: null },
    },
  },
  {
    fault: 'a 200 instead of a 202, with keys nobody knows',
    answer: says(reply(200, { ...JOB, surprise: { deep: [1] }, __proto__: { polluted: true } })),
    expected: { outcome: 'accepted' },
  },
  {
    fault: 'a 202 without a status',
    answer: says(reply(202, { id: 'job-1' })),
    expected: { outcome: 'accepted', job: expect.objectContaining({ id: 'job-1', status: 'pending' }) },
  },
  {
    fault: 'a 202 of 1 MB',
    answer: says(reply(202, { ...JOB, padding: 'x'.repeat(1_000_000) })),
    expected: { outcome: 'accepted' },
  },
  {
    fault: 'a 202 after early hints',
    answer: says(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${reply(202, JOB)}`),
    expected: { outcome: 'accepted' },
  },
  {
    fault: 'a 202 that comes byte by byte',
    answer: (socket) => {
      socket.setNoDelay(true);
      for (const byte of reply(202, JOB)) socket.write(byte);
    },
    expected: { outcome: 'accepted' },
  },
];

const ID = 'gen-vid-1789480874-Ab3d';
const PAID = { id: ID, polling_url: `https://openrouter.ai/api/v1/videos/${ID}`, status: 'pending' };
const NAMES_IT = `The answer names the id ${ID}: if that is the run's job, adopt it.`;

/** Answers that prove no job, but for one: the body is a job, or may be. */
const JOBS_OF_ERRORS: readonly [
  what: string,
  status: number,
  body: string | object,
  headers: Record<string, number>,
][] = [
  ['a job and an error', 429, { ...PAID, ...openRouterError('slow down, we took it') }, {}],
  ['a job and an error', 503, { ...PAID, ...openRouterError('the ledger is down') }, {}],
  ['a job and an error', 409, { ...PAID, ...openRouterError('it is running') }, {}],
  ['a job and an error', 500, { ...PAID, ...openRouterError('the ledger is down') }, {}],
  ['a job', 400, PAID, {}],
  ['a job', 307, PAID, {}],
  ['a job without an address', 402, { id: ID, status: 'pending' }, {}],
  ['a job without a status', 429, { id: ID, polling_url: '/jobs' }, {}],
  ['a job within', 429, { data: PAID }, {}],
  ['a job that is cut off', 429, JSON.stringify(PAID).slice(0, -3), { 'Content-Length': 900 }],
  ['a job that is cut off early', 429, `{"id": "${ID}", "status": "pend`, { 'Content-Length': 900 }],
  ['an id in its metadata', 502, openRouterError('late', { metadata: { id: ID } }), {}],
  ['a job within', 500, { data: { id: ID, status: 'pending' } }, {}],
];

/** 2xx in which a person can find the id. */
const JOBS_OF_SUCCESSES: readonly [what: string, body: string | object, headers: Record<string, number>][] = [
  ['that is cut off after the id', JSON.stringify(PAID).slice(0, -10), { 'Content-Length': 900 }],
  ['that is whole, and broken JSON after the id', JSON.stringify(PAID).slice(0, -10), {}],
  ['with the id within', { prompt: 'x '.repeat(200), data: { id: ID, status: 'pending' } }, {}],
  ['with the job in a list', [PAID], {}],
  ['with an address and no id', { polling_url: PAID.polling_url, status: 'pending' }, {}],
  ['with a relative address and no id', { polling_url: `/api/v1/videos/${ID}`, status: 'pending' }, {}],
  [
    'with an escaped address and no id',
    `{"polling_url":"https:\\/\\/openrouter.ai\\/api\\/v1\\/videos\\/${ID}?x=1"}`,
    {},
  ],
  ['that is larger than any job', { ...PAID, padding: 'x'.repeat(5 * 1024 * 1024) }, {}],
];

/** What is no id, or must not be quoted. */
const NO_IDS: readonly [what: string, body: string | object][] = [
  ['half an id', '{"id":"gen-vid-17'],
  ['half an id in an address', '{"polling_url":"https://openrouter.ai/api/v1/videos/gen-vid-17'],
  ['an id of absurd length', { data: { id: 'a'.repeat(600) } }],
  ['a dot segment', { data: { id: '..' } }],
  ['the key', { data: { id: API_KEY } }],
  ['what looks like a key', { data: { id: 'sk-or-v1-0123456789abcdef' } }],
  ['a signed address', { data: { id: 'https://cdn.test/v.mp4?X-Signature=c2lnbmVk' } }],
  ['an id in quoted text', { said: '{"id":"gen-vid-17"}' }],
];

describe('a submit', () => {
  it.each(JOBS_OF_ERRORS)(
    'takes %s for no proof of "no job" in a %d, and names its id',
    async (_, status, body, head) => {
      const server = await startRawServer((socket) => socket.end(reply(status, body, head)));
      const answer = await connectTo(server.origin).submit(REQUEST);
      expect(answer).toMatchObject({ outcome: 'unknown', httpStatus: status });
      expect(messageOf(answer)).toContain(NAMES_IT);
    },
  );

  it.each(JOBS_OF_SUCCESSES)('names the id of a 2xx %s', async (_, body, head) => {
    const server = await startRawServer((socket) => socket.end(reply(202, body, head)));
    const answer = await connectTo(server.origin).submit(REQUEST);
    expect(answer).toMatchObject({ outcome: 'unknown', httpStatus: 202 });
    expect(messageOf(answer)).toContain(NAMES_IT);
  });

  it.each(NO_IDS)('does not name %s', async (_, body) => {
    const server = await startRawServer((socket) => socket.end(reply(202, body)));
    const answer = await connectTo(server.origin).submit(REQUEST);
    expect(answer).toMatchObject({ outcome: 'unknown', httpStatus: 202 });
    expect(messageOf(answer)).not.toContain('names the id');
    expectNoKey(answer);
  });

  it('names every id that may be the job, the likeliest first', async () => {
    const said = { id: 'request-1', polling_url: `/api/v1/videos/${ID}`, error: { message: 'late', code: 500 } };
    const server = await startRawServer((socket) => socket.write(reply(500, said)));
    expect(messageOf(await connectTo(server.origin).submit(REQUEST))).toContain(`names the id ${ID} or request-1:`);
  });

  it.each([
    [429, 'not_accepted', { id: 'request-1', ...openRouterError('slow down') }],
    [429, 'not_accepted', openRouterError('slow down', { id: 'request-1', status: 'RESOURCE_EXHAUSTED' })],
    [503, 'not_accepted', openRouterError('no provider', { metadata: { id: 'request-1', status: 'x' } })],
    [400, 'refused', { id: 'request-1', ...openRouterError('bad') }],
    [400, 'refused', { id: 'request-1', status: 400 }],
    [429, 'not_accepted', '<html><script>{"id":"page","status":"x"}</script></html>'],
  ])('takes no request id in a %d for a job: %s', async (status, outcome, body) => {
    const server = await startRawServer((socket) => socket.write(reply(status, body)));
    expect(await connectTo(server.origin).submit(REQUEST)).toMatchObject({ outcome, httpStatus: status });
  });

  it.each(ROWS)('asks once and takes $fault for what it is', async ({ answer, submitAnswerMs = 30_000, expected }) => {
    const server = await startRawServer(answer);
    const submitted = await connectTo(server.origin, { submitAnswerMs }).submit(REQUEST);
    expect(submitted).toMatchObject(expected);
    expectNoKey(submitted);
    expect(server.requests).toHaveLength(1);
    expect(server.connections()).toBe(1);
    await server.allClosed();
  });

  it.each([
    ['half a head', 'HTTP/1.1 429 Too', false],
    ['half an answer', reply(429, openRouterError('slow down')).slice(0, -3), false],
    ['half an answer, with TLS,', reply(429, openRouterError('slow down')).slice(0, -3), true],
    ['a whole answer', reply(429, openRouterError('slow down')), false],
  ])('sends nothing where %s came before the request', async (_, early, withTls) => {
    if (withTls) trustAnyCertificate();
    const came = deferred<null>();
    const server = await startRawServer((socket) => socket.end(reply(202, JOB)), {
      ...(withTls ? { tls: selfSigned() } : {}),
      onConnection: (socket) =>
        socket.write(early, () => {
          came.resolve(null);
        }),
    });
    const beforeItLeaves = async (): Promise<void> => {
      await came.promise;
      for (let turn = 0; turn < 20; turn++) await nextTurn();
    };
    const answer = await connectTo(server.origin).submit(REQUEST, { beforeItLeaves });
    expect(answer).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
    expect(server.requests).toEqual([]);
  });

  it('sends the body verbatim, with the key and no wish for compression, on a connection of its own', async () => {
    const server = await startRawServer((socket) => socket.write(reply(202, JOB)));
    const openRouter = connectTo(server.origin);
    await openRouter.submit(REQUEST);
    await openRouter.submit(REQUEST);
    expect(server.connections()).toBe(2);
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/api/v1/videos',
      body: JSON.stringify(REQUEST),
      headers: {
        authorization: `Bearer ${API_KEY}`,
        'content-type': 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'test/1',
      },
    });
  });

  it('keeps what a 2xx said whose id cannot be used, so that a person can look for the job', async () => {
    const server = await startRawServer((socket) => socket.write(reply(202, { ...JOB, id: 1234567 })));
    expect(messageOf(await connectTo(server.origin).submit(REQUEST))).toContain('"id":1234567');
  });

  it('quotes the provider in one short line without key and signature', async () => {
    const server = await startRawServer((socket) => socket.write(reply(400, openRouterError(TALKATIVE.repeat(50)))));
    const answer = await connectTo(server.origin).submit(REQUEST);
    const message = messageOf(answer);
    expect(message).toContain('OpenRouter answered 400: bad key [key] at https://cdn.test/… second line');
    expect(message).not.toMatch(/c2lnbmVk|\n/);
    expect(message.length).toBeLessThan(350);
  });

  it('tells the status and what to do where the provider breaks the key at a hyphen', async () => {
    const said = openRouterError(`The key ${API_KEY.replace('-', '-\n')} is not known`);
    const server = await startRawServer((socket) => socket.write(reply(401, said)));
    const answer = await connectTo(server.origin).submit(REQUEST);
    expect(messageOf(answer)).toContain(
      'OpenRouter answered 401: [not quoted: it holds an address or a secret]. Check OPENROUTER_API_KEY.',
    );
  });

  it('stops reading an error that does not end', async () => {
    let sent = 0;
    const server = await startRawServer((socket) => {
      socket.write(reply(503, '', { 'Content-Length': 1e12 }));
      const more = (): void => {
        sent += 64 * 1024;
        if (!socket.destroyed) socket.write(Buffer.alloc(64 * 1024, ' '), more);
      };
      more();
    });
    expect(await connectTo(server.origin).submit(REQUEST)).toMatchObject({ outcome: 'unknown', httpStatus: 503 });
    await server.allClosed();
    expect(sent).toBeLessThan(32 * 1024 * 1024); // what fits into the sockets' buffers on the way
  });

  it('is in doubt when the connection is reset before the body is through', async () => {
    const server = await startRawServer(() => undefined, {
      onConnection: (socket) => {
        socket.once('data', () => socket.resetAndDestroy());
      },
    });
    const answer = await connectTo(server.origin).submit({ ...REQUEST, prompt: 'x'.repeat(4_000_000) });
    expect(answer).toMatchObject({ outcome: 'unknown', httpStatus: null });
    expect(server.connections()).toBe(1);
  });

  it('is in doubt, and connects once, when the connection is closed as soon as it stands', async () => {
    const server = await startRawServer(() => undefined, { onConnection: (socket) => socket.destroy() });
    expect(await connectTo(server.origin).submit(REQUEST)).toMatchObject({ outcome: 'unknown', httpStatus: null });
    expect(server.connections()).toBe(1);
  });

  it('asks once the connection stands, and sends no byte before it may', async () => {
    let bytes = 0;
    const server = await startRawServer((socket) => socket.write(reply(202, JOB)), {
      onConnection: (socket) => {
        socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      },
    });
    const answer = await connectTo(server.origin).submit(REQUEST, {
      beforeItLeaves: async () => {
        await expect.poll(() => server.connections()).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 50)); // what had left would have come by now
        expect(bytes).toBe(0);
      },
    });
    expect(answer).toMatchObject({ outcome: 'accepted' });
  });

  it('rejects as who it asks does, and then has sent nothing', async () => {
    const server = await startRawServer((socket) => socket.write(reply(202, JOB)));
    const no = new Error('not now');
    const submitted = connectTo(server.origin).submit(REQUEST, { beforeItLeaves: () => Promise.reject(no) });
    await expect(submitted).rejects.toBe(no);
    await server.allClosed();
    expect(server.requests).toHaveLength(0);
  });

  it('was provably not sent when the connection is closed, or the time is over, before it may leave', async () => {
    const closing = await startRawServer(() => undefined, { onConnection: (socket) => socket.destroy() });
    const another = await startRawServer((socket) => socket.write(reply(202, JOB)));
    const beforeItLeaves = async (): Promise<void> => {
      await expect.poll(() => closing.connections()).toBe(1);
      await closing.allClosed();
      await connectTo(another.origin).submit(REQUEST); // what was closed before has been heard of by then
    };
    expect(await connectTo(closing.origin).submit(REQUEST, { beforeItLeaves })).toMatchObject({
      outcome: 'not_accepted',
      message: expect.stringContaining('the connection was closed') as string,
    });
    const server = await startRawServer((socket) => socket.write(reply(202, JOB)));
    const caller = new AbortController();
    const late = connectTo(server.origin).submit(REQUEST, {
      signal: caller.signal,
      beforeItLeaves: () => {
        caller.abort();
        return Promise.resolve();
      },
    });
    expect(await late).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
    await server.allClosed();
    expect(server.requests).toHaveLength(0);
  });

  it('was provably not sent when the connection is refused', async () => {
    const answer = await connectTo(`http://127.0.0.1:${await closedPort()}`).submit(REQUEST);
    expect(answer).toEqual({
      outcome: 'not_accepted',
      httpStatus: null,
      message: 'OpenRouter could not be reached: the connection was refused.',
      retryAfterMs: null,
    });
  });

  it('was provably not sent when the name is not found', async () => {
    const tooLongForDns = `${'a'.repeat(70)}.invalid`;
    const answer = await connectTo(`https://${tooLongForDns}`).submit(REQUEST);
    expect(answer).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
  });

  it('was provably not sent when the certificate is not trusted', async () => {
    const server = await startRawServer((socket) => socket.write(reply(202, JOB)), { tls: selfSigned() });
    expect(await connectTo(server.origin).submit(REQUEST)).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
    expect(server.requests).toHaveLength(0);
  });

  it('was provably not sent when the other side does not speak TLS, or hangs up in the handshake', async () => {
    const talker = await startRawServer(() => undefined, { onConnection: (socket) => socket.end(reply(202, JOB)) });
    const hanger = await startRawServer(() => undefined, { onConnection: (socket) => socket.resetAndDestroy() });
    for (const { port } of [talker, hanger]) {
      const answer = await connectTo(`https://127.0.0.1:${port}`).submit(REQUEST);
      expect(answer).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
    }
  });

  it('was provably not sent when the TLS handshake does not end in time', async () => {
    const server = await startRawServer(() => undefined);
    const openRouter = connectTo(`https://127.0.0.1:${server.port}`, { connectMs: 200 });
    expect(await openRouter.submit(REQUEST)).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
  });

  it('goes through over TLS, and is in doubt when that connection breaks afterwards', async () => {
    trustAnyCertificate();
    let lastAnswer: string | null = reply(202, JOB);
    const tls = selfSigned();
    const server = await startRawServer(
      (socket) => (lastAnswer === null ? socket.destroy() : socket.write(lastAnswer)),
      { tls },
    );
    const openRouter = connectTo(server.origin);
    expect(await openRouter.submit(REQUEST)).toMatchObject({ outcome: 'accepted' });
    lastAnswer = null;
    expect(await openRouter.submit(REQUEST)).toMatchObject({ outcome: 'unknown', httpStatus: null });
  });

  it('is never sent when the caller had given up before', async () => {
    const server = await startRawServer((socket) => socket.write(reply(202, JOB)));
    const answer = await connectTo(server.origin).submit(REQUEST, { signal: AbortSignal.abort() });
    expect(answer).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
    expect(server.requests).toHaveLength(0);
  });

  it('is never sent when the caller gives up before the connection stands', async () => {
    const caller = new AbortController();
    const server = await startRawServer(() => undefined, {
      onConnection: () => {
        caller.abort();
      },
    });
    const openRouter = connectTo(`https://127.0.0.1:${server.port}`);
    const answer = await openRouter.submit(REQUEST, { signal: caller.signal });
    expect(answer).toMatchObject({ outcome: 'not_accepted', httpStatus: null });
  });

  it('is in doubt when the caller gives up while the answer is awaited', async () => {
    const caller = new AbortController();
    const server = await startRawServer(() => {
      caller.abort();
    });
    const answer = await connectTo(server.origin).submit(REQUEST, { signal: caller.signal });
    expect(answer).toMatchObject({ outcome: 'unknown', httpStatus: null });
    await server.allClosed();
  });

  it('reads the answer that came while its process was frozen, although its time is over by then', async () => {
    const server = await startRawServer((socket) => {
      socket.write(reply(202, JSON.stringify(JOB)), () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000); // nothing in this process runs
      });
    });
    const answer = await connectTo(server.origin, { submitAnswerMs: 500 }).submit(REQUEST);
    expect(answer).toMatchObject({ outcome: 'accepted', job: { id: 'job-1' } });
  });

  it('is not outlived by an answer that trickles', async () => {
    const server = await startRawServer((socket) => {
      socket.write(reply(202, '', { 'Content-Length': 1_000_000 }));
      const timer = setInterval(() => socket.write(' '), 20);
      socket.once('close', () => {
        clearInterval(timer);
      });
    });
    const answer = await connectTo(server.origin, { submitAnswerMs: 300 }).submit(REQUEST);
    expect(answer).toMatchObject({ outcome: 'unknown', httpStatus: 202 });
    await server.allClosed();
  });
});

function messageOf(answer: SubmitAnswer): string {
  return answer.outcome === 'accepted' ? '' : answer.message;
}
