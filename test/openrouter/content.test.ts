import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Agent } from 'undici';
import { LIMITS } from '../../src/contract/limits.js';
import type { ContentAnswer } from '../../src/openrouter/answers.js';
import { readContent } from '../../src/openrouter/content.js';
import type { Provider } from '../../src/openrouter/provider.js';
import { createQuote } from '../../src/openrouter/provider-text.js';
import { createTrustedUrls, type AddressRule } from '../../src/openrouter/trusted-url.js';
import { API_KEY, connectTo, expectNoKey, openRouterError, TALKATIVE } from './rig.js';
import { closedPort, reply, selfSigned, startRawServer, trustAnyCertificate } from './raw-server.js';

const VIDEO = 'v'.repeat(300_000);

const says =
  (text: string) =>
  (socket: Socket): void => {
    socket.write(text);
  };

const SOON = { 'Retry-After': 3 };

function patient(fault: string, text: string): [string, string, object] {
  return [`${fault} with Retry-After`, text, { retryAfterMs: 3_000 }];
}

function bodyOf(answer: ContentAnswer): Readable {
  if (answer.outcome !== 'content') throw new Error(`no content: ${JSON.stringify(answer)}`);
  return answer.body;
}

/** The client with another idea of which foreign hosts may be asked: everything a test can reach is forbidden. */
function providerAt(origin: string, isAllowed: AddressRule): Provider {
  const pool = new Agent();
  onTestFinished(() => pool.close());
  return {
    urls: createTrustedUrls(new URL(`${origin}/api/v1/`), isAllowed),
    apiKey: API_KEY,
    userAgent: 'test/1',
    limits: LIMITS,
    quote: createQuote(API_KEY, LIMITS.quotedCharacters),
    pool,
  };
}

describe('content', () => {
  it('is streamed from an address built from the base, the escaped id and the index', async () => {
    const server = await startRawServer(says(reply(200, VIDEO, { 'Content-Type': 'video/mp4' })));
    const answer = await connectTo(server.origin).content('job/1', 2);
    expect(answer).toMatchObject({ outcome: 'content', contentLength: 300_000, contentType: 'video/mp4' });
    expect((await buffer(bodyOf(answer))).toString()).toBe(VIDEO);
    expect(server.requests[0]).toMatchObject({
      path: '/api/v1/videos/job%2F1/content?index=2',
      headers: { authorization: `Bearer ${API_KEY}`, 'accept-encoding': 'identity' },
    });
    await server.allClosed();
  });

  it('is taken with a 203 as well: a proxy passed it on', async () => {
    const server = await startRawServer(says(reply(203, VIDEO)));
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect((await buffer(bodyOf(answer))).toString()).toBe(VIDEO);
  });

  it.each<[string, string, object]>([
    ['404', reply(404, openRouterError(TALKATIVE)), { outcome: 'missing' }],
    ['410', reply(410, openRouterError(TALKATIVE)), { outcome: 'gone' }],
    ['401', reply(401, openRouterError(TALKATIVE)), { outcome: 'denied', httpStatus: 401 }],
    ['403', reply(403, openRouterError(TALKATIVE)), { outcome: 'denied', httpStatus: 403 }],
    ...[201, 202, 204, 206, 300, 304, 400, 402, 408, 409, 416, 500, 502, 503, 504].map(
      (status) =>
        [`${status}`, reply(status, openRouterError(TALKATIVE)), { outcome: 'trouble', httpStatus: status }] as [
          string,
          string,
          object,
        ],
    ),
    [
      '429 with Retry-After',
      reply(429, '', { 'Retry-After': 3 }),
      { outcome: 'trouble', httpStatus: 429, retryAfterMs: 3_000 },
    ],
    ...[404, 401, 403, 416].map((status) => patient(`${status}`, reply(status, 'no', SOON))),
    patient('redirect to nowhere', reply(302, '', SOON)),
    patient('redirect in a circle', reply(302, '', { ...SOON, Location: '/api/v1/videos/job-1/content?index=0' })),
    patient('redirect to a forbidden place', reply(302, '', { ...SOON, Location: 'https://10.1.2.3/v.mp4' })),
    patient('redirect to no name', reply(302, '', { ...SOON, Location: `https://${'a'.repeat(70)}.invalid/v` })),
    patient('gzip', reply(200, 'xx', { ...SOON, 'Content-Encoding': 'gzip' })),
    ['redirect to nowhere', reply(302), { outcome: 'trouble', httpStatus: 302 }],
    ['redirect to no address', reply(302, '', { Location: 'https://[' }), { outcome: 'trouble' }],
    ['gzip', reply(200, 'xx', { 'Content-Encoding': 'gzip' }), { outcome: 'trouble', httpStatus: 200 }],
    ['answer that is not HTTP', 'hello\r\n\r\n', { outcome: 'trouble', httpStatus: null }],
  ])('takes a %s for what it is, and asks once', async (_fault, text, expected) => {
    const server = await startRawServer(says(text));
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect(answer).toMatchObject(expected);
    expectNoKey(answer);
    expect(server.requests).toHaveLength(1);
    await server.allClosed();
  });

  it.each([
    ...['identity', 'aws-chunked', 'Binary', '', 'aws-chunked, identity', 'aws-chunked,'],
    ...['none', 'UTF-8', '7bit', '8bit'],
  ])('is taken with Content-Encoding %j, which changes no byte', async (encoding) => {
    const server = await startRawServer(says(reply(200, VIDEO, { 'Content-Encoding': encoding })));
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect((await buffer(bodyOf(answer))).toString()).toBe(VIDEO);
  });

  it.each(['gzip', 'br', 'aws-chunked, gzip', 'gzip,aws-chunked', 'x-unknown', 'identity;q=1'])(
    'is refused with Content-Encoding %j',
    async (encoding) => {
      const server = await startRawServer(says(reply(200, VIDEO, { 'Content-Encoding': encoding })));
      expect(await connectTo(server.origin).content('job-1', 0)).toMatchObject({ outcome: 'trouble', httpStatus: 200 });
      await server.allClosed();
    },
  );

  it.each([
    ['bytes that are no text', Buffer.from('0000001c667479706d703432ff', 'hex').toString('latin1')],
    ['a control character', 'ftyp\u0000isom'],
  ])('is not quoted in a message where it is %s', async (_case, video) => {
    const server = await startRawServer((socket) =>
      socket.write(Buffer.from(reply(206, video, { 'Content-Length': video.length }), 'latin1')),
    );
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect(answer).toMatchObject({ outcome: 'trouble', httpStatus: 206, message: 'OpenRouter answered 206.' });
  });

  it('quotes words in any script, and over several lines', async () => {
    const server = await startRawServer(says(reply(502, 'Grüße\r\n\t世界 🌍')));
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect(answer).toMatchObject({ message: 'OpenRouter answered 502: Grüße 世界 🌍.' });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closed short of its length', (socket) => socket.end(reply(200, VIDEO, { 'Content-Length': 400_000 }))],
    [
      'closed short of its length, as announced',
      (socket) => socket.end(reply(200, VIDEO, { 'Content-Length': 400_000, Connection: 'close' })),
    ],
    [
      'chunked and cut off',
      (socket) => socket.end('HTTP/1.1 200 A\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nvideo'),
    ],
    ['reset', cutBy('Content-Length: 400000\r\n')],
    ['reset, announced as the last on its connection', cutBy('Connection: close\r\nContent-Length: 400000\r\n')],
  ])('ends in an error when it is %s', async (_fault, answer) => {
    const server = await startRawServer(answer);
    const content = await connectTo(server.origin).content('job-1', 0);
    await expect(buffer(bodyOf(content))).rejects.toThrow();
    await server.allClosed();
  });

  it.each(['Content-Length: 9000000\r\n', 'Transfer-Encoding: chunked\r\n\r\nfffff'])(
    'ends in an error, not in a crash, when it is reset while the reader is slow (%j)',
    async (framing) => {
      let peer: Socket | undefined;
      const server = await startRawServer((socket) => {
        peer = socket;
        socket.write(`HTTP/1.1 200 A\r\nConnection: close\r\n${framing}\r\n`);
        socket.write(Buffer.alloc(500_000, 'v'));
      });
      const body = bodyOf(await connectTo(server.origin).content('job-1', 0));
      await vi.waitFor(() => {
        expect(body.readableLength).toBeGreaterThanOrEqual(body.readableHighWaterMark);
      });
      peer?.resetAndDestroy();
      const noticed = vi.waitFor(() => {
        expect(body.destroyed).toBe(true);
      });
      await noticed.catch(() => undefined); // some kernels tell only who reads on
      await expect(buffer(body)).rejects.toThrow();
    },
  );

  it('never gives more than the announced length', async () => {
    const server = await startRawServer(says(reply(200, `${VIDEO}surplus`, { 'Content-Length': VIDEO.length })));
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect((await buffer(bodyOf(answer))).toString()).toBe(VIDEO);
  });

  it('comes without a length as well, until the connection ends', async () => {
    const server = await startRawServer((socket) => socket.end(`HTTP/1.1 200 A\r\nConnection: close\r\n\r\n${VIDEO}`));
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect(answer).toMatchObject({ contentLength: null, endIsTold: false, contentType: null });
    expect((await buffer(bodyOf(answer))).toString()).toBe(VIDEO);
  });

  it('ends in an error when nothing comes for the idle limit', async () => {
    const server = await startRawServer(says(reply(200, VIDEO, { 'Content-Length': 400_000 })));
    const answer = await connectTo(server.origin, { downloadIdleMs: 300 }).content('job-1', 0);
    await expect(buffer(bodyOf(answer))).rejects.toThrow('Body Timeout');
    await server.allClosed();
  });

  it('is not idle while something comes, or while only the reader is slow', async () => {
    const server = await startRawServer((socket) => {
      socket.write(reply(200, '', { 'Content-Length': 400_000 }));
      let left = 20;
      const timer = setInterval(() => {
        socket.write(Buffer.alloc(20_000, 'v'));
        if (--left === 0) clearInterval(timer);
      }, 100);
    });
    const body = bodyOf(await connectTo(server.origin, { downloadIdleMs: 1_500 }).content('job-1', 0));
    await vi.waitFor(
      () => {
        expect(body.readableLength).toBeGreaterThanOrEqual(body.readableHighWaterMark);
      },
      { timeout: 30_000 },
    );
    await new Promise((resolve) => setTimeout(resolve, 3_500)); // the reader's own slowness, longer than the limit
    expect(await buffer(body)).toHaveLength(400_000);
  });

  it('answers trouble when the head does not come, or the body of an error never ends', async () => {
    const silent = await startRawServer(() => undefined);
    const endless = await startRawServer(says(reply(500, '{', { 'Content-Length': 900 })));
    for (const { origin } of [silent, endless]) {
      const openRouter = connectTo(origin, { connectMs: 200, downloadIdleMs: 200 });
      expect(await openRouter.content('job-1', 0)).toMatchObject({ outcome: 'trouble' });
    }
    await silent.allClosed();
    await endless.allClosed();
  });

  it('answers trouble when nothing can be reached, or the certificate is not trusted', async () => {
    const untrusted = await startRawServer(says(reply(200, VIDEO)), { tls: selfSigned() });
    for (const origin of [`http://127.0.0.1:${await closedPort()}`, untrusted.origin]) {
      const answer = await connectTo(origin).content('job-1', 0);
      expect(answer).toMatchObject({ outcome: 'trouble', httpStatus: null });
    }
  });

  it('closes its socket when the stream is destroyed', async () => {
    const server = await startRawServer(says(reply(200, VIDEO, { 'Content-Length': 400_000 })));
    const body = bodyOf(await connectTo(server.origin).content('job-1', 0));
    body.destroy();
    await server.allClosed();
  });

  it('ends with the caller: before the head as trouble, afterwards as an error of the stream', async () => {
    const server = await startRawServer(says(reply(200, VIDEO, { 'Content-Length': 400_000 })));
    const openRouter = connectTo(server.origin);
    expect(await openRouter.content('job-1', 0, { signal: AbortSignal.abort() })).toMatchObject({ outcome: 'trouble' });
    const caller = new AbortController();
    const body = bodyOf(await openRouter.content('job-1', 0, { signal: caller.signal }));
    caller.abort();
    await expect(buffer(body)).rejects.toThrow('the transfer was ended');
    await server.allClosed();
  });
});

describe('a content redirect', () => {
  it('is followed within the configured origin, with the key', async () => {
    const server = await startRawServer((socket, { path }) =>
      socket.write(path.includes('/content') ? reply(302, '', { Location: '/files/v.mp4?part=1' }) : reply(200, VIDEO)),
    );
    const answer = await connectTo(server.origin).content('job-1', 0);
    expect(await buffer(bodyOf(answer))).toHaveLength(VIDEO.length);
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/api/v1/videos/job-1/content?index=0',
      '/files/v.mp4?part=1',
    ]);
    expect(server.requests[1]?.headers['authorization']).toBe(`Bearer ${API_KEY}`);
  });

  it('ends as astray in a circle, and after five hops', async () => {
    const circle = await startRawServer(says(reply(307, '', { Location: '/api/v1/videos/job-1/content?index=0' })));
    expect(await connectTo(circle.origin).content('job-1', 0)).toMatchObject({ outcome: 'astray' });
    expect(circle.requests).toHaveLength(1);
    let hops = 0;
    const stairs = await startRawServer((socket) => socket.write(reply(308, '', { Location: `/${(hops += 1)}` })));
    expect(await connectTo(stairs.origin).content('job-1', 0)).toMatchObject({ outcome: 'astray' });
    expect(stairs.requests).toHaveLength(1 + LIMITS.contentRedirects);
  });

  describe('that asks to wait', () => {
    async function redirecting(location: Record<string, string | number>) {
      const askedAt: number[] = [];
      const server = await startRawServer((socket, { path }) => {
        askedAt.push(performance.now());
        socket.write(
          path.includes('/content') ? reply(302, '', { Location: '/v.mp4', ...location }) : reply(200, VIDEO),
        );
      });
      return { askedAt, server };
    }

    it('is followed when that is over', async () => {
      const { askedAt, server } = await redirecting({ 'Retry-After': 1 });
      expect(await connectTo(server.origin).content('job-1', 0)).toMatchObject({ outcome: 'content' });
      const [first = Infinity, second = 0] = askedAt;
      expect(second - first).toBeGreaterThanOrEqual(990);
    });

    it('for long is asked for anew when that is over', async () => {
      const { server } = await redirecting({ 'Retry-After': 3600 });
      expect(await connectTo(server.origin).content('job-1', 0)).toMatchObject({
        outcome: 'trouble',
        httpStatus: 302,
        retryAfterMs: 3_600_000,
      });
      expect(server.requests).toHaveLength(1);
    });

    it('hears of the end of the call meanwhile', async () => {
      const caller = new AbortController();
      const { askedAt, server } = await redirecting({ 'Retry-After': 50 });
      const answer = connectTo(server.origin).content('job-1', 0, { signal: caller.signal });
      await expect.poll(() => askedAt.length).toBe(1);
      caller.abort();
      expect(await answer).toMatchObject({ outcome: 'trouble', retryAfterMs: null });
      expect(server.requests).toHaveLength(1);
    });
  });

  it('comes through after exactly five hops', async () => {
    let hops = 0;
    const stairs = await startRawServer((socket) => {
      socket.write(
        hops === LIMITS.contentRedirects ? reply(200, VIDEO) : reply(308, '', { Location: `/${(hops += 1)}` }),
      );
    });
    expect(await connectTo(stairs.origin).content('job-1', 0)).toMatchObject({ outcome: 'content' });
  });

  it.each(['127.0.0.1', '::1'])('never reaches another port on %s', async (host) => {
    const foreign = await startRawServer(says(reply(200, VIDEO)), { host });
    const tls = await startRawServer(says(reply(200, VIDEO)), { host, tls: selfSigned() });
    for (const target of [foreign, tls]) {
      const location = `${target.origin}/v.mp4?X-Signature=c2lnbmVk`;
      const server = await startRawServer(says(reply(302, '', { Location: location })));
      const answer = await connectTo(server.origin).content('job-1', 0);
      expect(answer).toMatchObject({ outcome: 'astray' });
      expect(JSON.stringify(answer)).toContain(String(target.port));
      expect(JSON.stringify(answer)).not.toContain('c2lnbmVk');
      expect(target.connections()).toBe(0);
    }
  });

  it.each([
    'http://example.com/v.mp4',
    'https://localhost/v.mp4',
    'https://2130706433/v.mp4',
    'https://0x7f.1/v.mp4',
    'https://10.1.2.3/v.mp4',
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:127.0.0.1]/v.mp4',
    'https://[64:ff9b::a00:1]/v.mp4',
    'https://[fd00:ec2::254]/v.mp4',
    'file:///etc/passwd',
    'data:video/mp4,x',
  ])('to %s is astray', async (location) => {
    const server = await startRawServer(says(reply(302, '', { Location: location })));
    expect(await connectTo(server.origin).content('job-1', 0)).toMatchObject({ outcome: 'astray' });
  });

  it('to a name that does not resolve is trouble: it may resolve later', async () => {
    const server = await startRawServer(says(reply(302, '', { Location: `https://${'a'.repeat(70)}.invalid/v` })));
    expect(await connectTo(server.origin).content('job-1', 0)).toMatchObject({ outcome: 'trouble' });
  });

  it('never leads from https to http', async () => {
    trustAnyCertificate();
    const plain = await startRawServer(says(reply(200, VIDEO)));
    const server = await startRawServer(says(reply(302, '', { Location: `${plain.origin}/v.mp4` })), {
      tls: selfSigned(),
    });
    const answer = await readContent(
      providerAt(server.origin, () => true),
      'job-1',
      0,
      {},
    );
    expect(answer).toMatchObject({ outcome: 'astray' });
    expect(plain.connections()).toBe(0);
  });

  it('to an allowed foreign host carries no key and no cookies, and that host cannot refuse the key', async () => {
    trustAnyCertificate();
    let answerOfForeign = reply(200, VIDEO);
    const foreign = await startRawServer((socket) => socket.write(answerOfForeign), { tls: selfSigned() });
    const server = await startRawServer(
      says(reply(302, '', { Location: `https://localhost:${foreign.port}/v.mp4?sig=1`, 'Set-Cookie': 'a=b' })),
    );
    const provider = providerAt(server.origin, (address) => address === '127.0.0.1' || address === '::1');
    const answer = await readContent(provider, 'job-1', 0, {});
    expect(await buffer(bodyOf(answer))).toHaveLength(VIDEO.length);
    expect(foreign.requests[0]?.path).toBe('/v.mp4?sig=1');
    expect(Object.keys(foreign.requests[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    for (const [status, outcome] of [
      [401, 'trouble'],
      [403, 'trouble'],
      [404, 'missing'],
      [410, 'gone'],
    ] as const) {
      answerOfForeign = reply(status, `expired ${API_KEY}`);
      const refused = await readContent(provider, 'job-1', 0, {});
      expect(refused).toMatchObject({ outcome, message: `localhost:${foreign.port} answered ${status}.` });
      expectNoKey(refused);
    }
  });

  it('that is signed in its path is in no message, however the answer repeats it', async () => {
    const SIGNED = '/cdn/eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3fQ.c2lnbmVk%3D%2B/clip.mp4';
    const QUERY = 'hdnts=c2lnbmVkIGFzIHdlbGw';
    const escaped = JSON.stringify(SIGNED).replaceAll('/', '\\u002f').replaceAll('.', '\\u002e');
    let said: unknown = '';
    const server = await startRawServer((socket, { path }) => {
      socket.write(
        path.includes('/content') ? reply(302, '', { Location: `${SIGNED}?${QUERY}` }) : reply(503, said as string),
      );
    });
    const openRouter = connectTo(server.origin);
    for (const [answer, message] of [
      [{ message: `Route GET:${SIGNED} is not available` }, '{"message":"Route GET:… is not available"}.'],
      [openRouterError(`No ${SIGNED}?${QUERY} here`), 'No … here.'],
      [openRouterError(`No ${decodeURIComponent(SIGNED)} here`), 'No … here.'],
      [openRouterError(`No ${SIGNED.split('/')[2]} with ${QUERY} here`), 'No … with … here.'],
      [openRouterError(`No ${SIGNED.toUpperCase()} here`), '[not quoted: it holds an address or a secret].'],
      [`{"message":${escaped}}`, '[not quoted: it holds an address or a secret].'],
      [openRouterError('No such clip.mp4'), 'No such clip.mp4.'],
    ] as const) {
      said = answer;
      expect(await openRouter.content('job-1', 0)).toMatchObject({ message: `OpenRouter answered 503: ${message}` });
    }
  });
});

function cutBy(headers: string): (socket: Socket) => void {
  return (socket) => {
    socket.write(`HTTP/1.1 200 A\r\n${headers}\r\n${VIDEO}`, () => {
      socket.resetAndDestroy();
    });
  };
}
