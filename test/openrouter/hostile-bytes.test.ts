import { finished } from 'node:stream/promises';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzz, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';
import { connectTo, expectNoKey } from './rig.js';
import { reply, startRawServer } from './raw-server.js';

const whole = reply(
  200,
  { id: 'job-1', status: 'completed', data: [{ id: 'a/b' }], padding: 'x'.repeat(500) },
  {
    ...{ Connection: 'close', 'Retry-After': 1, Location: '/elsewhere', ETag: '"v1"', 'Content-Encoding': 'identity' },
    ...{ 'Last-Modified': 'Sun, 01 Nov 2026 10:00:00 GMT', Date: 'Sun, 01 Nov 2026 11:00:00 GMT' },
  },
);

/** A good answer with a piece replaced by anything, sent in two parts, and an end of either kind or none. */
const answers = fc.record({
  at: fc.nat(whole.length),
  cut: fc.nat(40),
  junk: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '\r\n\r\n',
      '\r\n',
      'HTTP/1.1 100 C\r\n\r\n',
      'HTTP/1.1 302 F\r\n',
      'Transfer-Encoding: chunked\r\n',
    ),
  ),
  split: fc.nat(whole.length),
  ending: fc.constantFrom('end', 'reset', 'silence'),
});

type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never;

function send(socket: Socket, { at, cut, junk, split, ending }: Answer): void {
  const bytes = Buffer.from(whole.slice(0, at) + junk + whole.slice(at + cut));
  socket.write(bytes.subarray(0, split));
  setImmediate(() => {
    socket.write(bytes.subarray(split), () => {
      if (ending === 'end') socket.end();
      if (ending === 'reset') socket.resetAndDestroy();
    });
  });
}

it(
  'answers every call with a value, whatever bytes come back',
  async () => {
    let answer: Answer = { at: 0, cut: 0, junk: '', split: 0, ending: 'end' };
    const server = await startRawServer((socket) => {
      send(socket, answer);
    });
    const limits = { submitAnswerMs: 250, pollAnswerMs: 250, modelsAnswerMs: 250, connectMs: 125, downloadIdleMs: 125 };
    const openRouter = connectTo(server.origin, limits);
    await fc.assert(
      fc.asyncProperty(answers, async (next) => {
        answer = next;
        const [submitted, polled, listed, content, rest] = await Promise.all([
          openRouter.submit({ model: 'm' }),
          openRouter.poll('job-1'),
          openRouter.models(),
          openRouter.content('job-1', 0),
          openRouter.content('job-1', 0, { continues: { file: { validator: '"v1"', totalBytes: 900 }, from: 300 } }),
        ]);
        expect(['accepted', 'refused', 'not_accepted', 'unknown']).toContain(submitted.outcome);
        expect(['job', 'missing', 'denied', 'trouble']).toContain(polled.outcome);
        expect(['models', 'denied', 'trouble']).toContain(listed.outcome);
        expect(['content', 'missing', 'gone', 'astray', 'denied', 'trouble']).toContain(content.outcome);
        expect(['missing', 'gone', 'astray', 'denied', 'trouble']).toContain(rest.outcome);
        if (content.outcome === 'content') await finished(content.body.resume()).catch(() => undefined);
        expectNoKey([submitted, polled, listed]);
      }),
      fuzz(30),
    );
  },
  FUZZ_TIMEOUT_MS,
);
