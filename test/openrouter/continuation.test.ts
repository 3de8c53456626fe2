import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Continuation, FileIdentity } from '../../src/openrouter/answers.js';
import { identityOf, isContinuation } from '../../src/openrouter/continuation.js';
import { fuzz, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';
import { API_KEY, connectTo, expectNoKey } from './rig.js';
import { reply, startRawServer } from './raw-server.js';

const VIDEO = 'v'.repeat(1_000);
const ETAG = '"v1"';
const OLD = 'Sun, 01 Nov 2026 10:00:00 GMT';
const YOUNG = 'Sun, 01 Nov 2026 10:05:00 GMT';
const REST: Continuation = { file: { validator: ETAG, totalBytes: 1_000 }, from: 400 };
const PROOF = { ETag: ETAG, 'Content-Range': 'bytes 400-999/1000' };

async function identityFrom(headers: Record<string, string>): Promise<FileIdentity | null> {
  const server = await startRawServer((socket) => socket.end(reply(200, VIDEO, headers)));
  const answer = await connectTo(server.origin).content('job-1', 0);
  if (answer.outcome !== 'content') throw new Error(JSON.stringify(answer));
  answer.body.destroy();
  return answer.file;
}

async function askForRest(status: number, headers: Record<string, string>, rest = REST) {
  const server = await startRawServer((socket) => {
    socket.write(reply(status, status === 200 ? VIDEO : VIDEO.slice(rest.from), headers));
  });
  return { server, answer: await connectTo(server.origin).content('job-1', 0, { continues: rest }) };
}

describe('a file is known again', () => {
  it.each<[string, Record<string, string>, string]>([
    ['by a strong entity tag', { ETag: ETAG }, ETAG],
    ['by its tag also where there is a date', { ETag: ETAG, 'Last-Modified': OLD, Date: YOUNG }, ETAG],
    ['by a date that is clearly older than the answer', { 'Last-Modified': OLD, Date: YOUNG }, OLD],
  ])('%s', async (_by, headers, validator) => {
    expect(await identityFrom(headers)).toEqual({ validator, totalBytes: 1_000 });
  });

  it.each<[string, Record<string, string>]>([
    ['nothing says which file it is', {}],
    ['the tag is weak', { ETag: 'W/"v1"' }],
    ['the tag is weak, whatever the date', { ETag: 'W/"v1"', 'Last-Modified': OLD, Date: YOUNG }],
    ['the tag is none', { ETag: 'v1' }],
    ['the tag holds what no request may carry', { ETag: '"v\u00e91"' }],
    ['the date is as young as the answer', { 'Last-Modified': YOUNG, Date: YOUNG }],
    ['the answer has no date of its own', { 'Last-Modified': OLD }],
    ['the date is none', { 'Last-Modified': '1 Nov 2026', Date: YOUNG }],
    ['there is no length', { ETag: ETAG, 'Content-Length': '', Connection: 'close' }],
  ])('not at all when %s', async (_why, headers) => {
    const { 'Content-Length': length, ...rest } = headers;
    if (length === undefined) expect(await identityFrom(headers)).toBeNull();
    else {
      const server = await startRawServer((socket) => {
        const lines = Object.entries(rest).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.end(`HTTP/1.1 200 A\r\n${lines.join('')}\r\n${VIDEO}`);
      });
      const answer = await connectTo(server.origin).content('job-1', 0);
      expect(answer).toMatchObject({ outcome: 'content', contentLength: null, file: null });
      if (answer.outcome === 'content') answer.body.destroy();
    }
  });
});

describe('the rest of a file', () => {
  it('is asked for by its range, and only of the same file', async () => {
    const { server, answer } = await askForRest(206, PROOF);
    expect(server.requests[0]?.headers).toMatchObject({ range: 'bytes=400-', 'if-range': ETAG });
    expect(answer).toMatchObject({ outcome: 'content', contentLength: 1_000, file: REST.file });
    if (answer.outcome === 'content') expect(await buffer(answer.body)).toHaveLength(600);
  });

  it('is proven by a date as well', async () => {
    const rest = { file: { validator: OLD, totalBytes: 1_000 }, from: 400 };
    const headers = { 'Last-Modified': OLD, 'Content-Range': 'bytes 400-999/1000' };
    expect((await askForRest(206, headers, rest)).answer.outcome).toBe('content');
    expect((await askForRest(206, { ...headers, 'Last-Modified': YOUNG }, rest)).answer.outcome).toBe('trouble');
  });

  it('asks every hop of a redirect alike, and shows the key to the configured origin alone', async () => {
    const server = await startRawServer((socket, { path }) => {
      if (path.includes('/content')) socket.write(reply(302, '', { Location: '/files/v.mp4' }));
      else socket.write(reply(206, VIDEO.slice(400), PROOF));
    });
    const answer = await connectTo(server.origin).content('job-1', 0, { continues: REST });
    expect(answer.outcome).toBe('content');
    expect(server.requests).toHaveLength(2);
    for (const { headers } of server.requests) {
      expect(headers).toMatchObject({ range: 'bytes=400-', 'if-range': ETAG, authorization: `Bearer ${API_KEY}` });
    }
    if (answer.outcome === 'content') answer.body.destroy();
  });

  it.each<[string, number, Record<string, string>]>([
    ['the whole file again', 200, { ETag: ETAG }],
    ['the whole file again, over a proxy', 203, { ETag: ETAG }],
    ['no tag', 206, { 'Content-Range': PROOF['Content-Range'] }],
    ['another tag', 206, { ...PROOF, ETag: '"v2"' }],
    ['the tag, but weak', 206, { ...PROOF, ETag: 'W/"v1"' }],
    ['no range', 206, { ETag: ETAG }],
    ['a range that starts too early', 206, { ...PROOF, 'Content-Range': 'bytes 399-998/1000' }],
    ['a range that starts too late', 206, { ...PROOF, 'Content-Range': 'bytes 401-999/1000' }],
    ['a range of a longer file', 206, { ...PROOF, 'Content-Range': 'bytes 400-999/1001' }],
    ['a range of a file of unknown length', 206, { ...PROOF, 'Content-Range': 'bytes 400-999/*' }],
    ['part of the rest', 206, { ...PROOF, 'Content-Range': 'bytes 400-998/1000' }],
    ['another length than its range', 206, { ...PROOF, 'Content-Length': '601' }],
    ['several ranges', 206, { ETag: ETAG, 'Content-Type': 'multipart/byteranges; boundary=x' }],
    ['a compressed rest', 206, { ...PROOF, 'Content-Encoding': 'gzip' }],
    ['416', 416, { 'Content-Range': 'bytes */1000' }],
  ])('is not %s', async (_what, status, headers) => {
    const { server, answer } = await askForRest(status, headers);
    expect(answer).toMatchObject({ outcome: 'trouble', httpStatus: status });
    expectNoKey(answer);
    await server.allClosed();
  });
});

describe('whatever the headers say', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      ETAG,
      `W/${ETAG}`,
      OLD,
      YOUNG,
      '1000',
      '600',
      '-1',
      '1e3',
      '9'.repeat(40),
      '',
      'bytes 400-999/1000',
    ),
  );
  const names = ['etag', 'last-modified', 'date', 'content-length', 'content-range'] as const;
  const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.constant(undefined));
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, value])));

  it(
    'a file is known by what a request can carry, or not at all',
    () => {
      fc.assert(
        fc.property(headers, (any) => {
          const file = identityOf({ headers: any });
          if (file === null) return;
          expect(file.validator).toMatch(/^[\x20-\x7e]+$/);
          expect(file.validator).not.toMatch(/^W\//);
          expect(Number.isSafeInteger(file.totalBytes) && file.totalBytes >= 0).toBe(true);
        }),
        fuzz(3_000),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'only the very tag and the very range make a rest',
    () => {
      fc.assert(
        fc.property(headers, (any) => {
          const first = (name: string) => [any[name]].flat()[0];
          const proven = first('etag') === ETAG && first('content-range') === 'bytes 400-999/1000';
          if (isContinuation({ headers: any }, REST)) expect(proven).toBe(true);
        }),
        fuzz(3_000),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
