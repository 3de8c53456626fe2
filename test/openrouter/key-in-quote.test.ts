import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQuote } from '../../src/openrouter/provider-text.js';

const DIGITS = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9';
const KEY = `sk-or-v1-${DIGITS}`;
const GATEWAY_KEY = 'Zm9vYmFyQmF6UXV4-gateway.key/with+plus=';
const NOT_QUOTED = '[not quoted: it holds an address or a secret]';

const each = (text: string, write: (code: number, letter: string) => string): string =>
  Array.from(text, (letter) => write(letter.charCodeAt(0), letter)).join('');
const hex = (code: number): string => code.toString(16);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const lines = (text: string, length: number, end = '\n'): string =>
  text.replaceAll(new RegExp(`.{${length}}`, 'gs'), `$&${end}`);
const dumpWith = (key: string): string => base64(`POST /api/v1/videos\r\nAuthorization: Bearer ${key}\r\n\r\n`);

/** Each as a provider or a proxy before it may repeat a key. */
const FORMS: readonly (readonly [string, (key: string) => string])[] = [
  ['broken at its first hyphen', (key) => `the key ${key.replace('-', '-\n')} is not known`],
  ['broken at another hyphen and indented', (key) => `the key ${key.replace(/-(?=[^-]*$)/, '-\n    ')} is unknown`],
  ['broken in its middle', (key) => `the key ${key.slice(0, 30)}\n${key.slice(30)} is not known`],
  ['broken as JSON says it', (key) => `{"key":"${key.replace('-', '-\\n')}"}`],
  ['without its beginning', (key) => `no such key ${key.slice(9)}`],
  ['without its ends', (key) => `no such key …${key.slice(12, 26)}…`],
  ['masked too little', (key) => `no such key ${key.slice(0, 12)}...${key.slice(-20)}`],
  ['a letter at a time', (key) => Array.from(key).join(' ')],
  ['a letter at a time in JSON', (key) => JSON.stringify(Array.from(key))],
  ['a letter at a time in a JSON object', (key) => JSON.stringify(Object.assign({}, Array.from(key)))],
  [
    'a letter at a time in an indented JSON object',
    (key) => JSON.stringify(Object.assign({}, Array.from(key)), null, 2),
  ],
  ['in the colours of a terminal', (key) => each(key, (_, letter) => `\u001b[1;31m${letter}\u001b[0m`)],
  ['by place in JSON', (key) => JSON.stringify(Uint8Array.from(Buffer.from(key)))],
  ['with control characters between', (key) => Array.from(key).join('\u0000')],
  ['with marks and signs between', (key) => lines(key, 3, '\u2122\u00b2')],
  ['in wide letters', (key) => each(key, (code) => String.fromCharCode(code + 0xfee0))],
  ['in two elements', (key) => `<b>${key.slice(0, 30)}</b><i>${key.slice(30)}</i>`],
  ['in many elements', (key) => lines(key, 4, '</b><i id="x">')],
  ['in many escaped elements', (key) => lines(key, 4, '&lt;/b&gt;')],
  ['in capitals', (key) => key.toUpperCase()],
  ['in hex', (key) => Buffer.from(key).toString('hex')],
  ['in hex with colons', (key) => `is ${each(key, (code) => `${hex(code)}:`)}`],
  ['as Node shows a buffer', (key) => `<Buffer ${each(key, (code) => `${hex(code)} `)}>`],
  ['as hexadecimal numbers', (key) => each(key, (code) => `0x${hex(code)}, `)],
  ['as numbers', (key) => `bytes ${JSON.stringify([...Buffer.from(key)])}`],
  ['in base64 that is broken', (key) => `dump follows: ${lines(dumpWith(key), 76)}`],
  ['in base64 that is broken and escaped', (key) => JSON.stringify({ dump: lines(dumpWith(key), 76, '\r\n') })],
  ['in base64 of escapes', (key) => base64(JSON.stringify({ key }).replaceAll('-', '\\u002d'))],
  ['in base64 of itself broken', (key) => base64(key.replace('-', '-\n'))],
  ['in base64 of a part', (key) => base64(key.slice(9))],
  ['in base64 of base64', (key) => base64(base64(key))],
  ['in base64 of UTF-16', (key) => Buffer.from(key, 'utf16le').toString('base64')],
  ['in base64 of hex', (key) => base64(Buffer.from(key).toString('hex'))],
  ['in hex of base64', (key) => Buffer.from(base64(key)).toString('hex')],
  ['in percent signs', (key) => each(key, (code) => `%25${hex(code)}`)],
  ['in quoted-printable', (key) => each(key, (code) => `=${hex(code).toUpperCase()}`)],
  ['in soft lines', (key) => lines(key, 10, '=\n')],
  ['in \\u0073', (key) => each(key, (code) => `\\u00${hex(code)}`)],
  ['in \\u{73}', (key) => each(key, (code) => `\\u{${hex(code)}}`)],
  ['in \\U00000073', (key) => each(key, (code) => `\\U000000${hex(code)}`)],
  ['in \\163', (key) => each(key, (code) => `\\${code.toString(8).padStart(3, '0')}`)],
  ['in \\x{73}', (key) => each(key, (code) => `\\x{00${hex(code)}}`)],
  ['in long hexadecimal entities', (key) => each(key, (code) => `&#x${hex(code).padStart(20, '0')};`)],
  ['in long decimal entities', (key) => each(key, (code) => `&#${String(code).padStart(20, '0')};`)],
];

describe('a text is not quoted where it holds the key', () => {
  it.each(FORMS)('%s', (_how, written) => {
    for (const key of [KEY, GATEWAY_KEY]) expect(createQuote(key, 300)(written(key))).toBe(NOT_QUOTED);
  });

  it('where it is long, and the key at its end', () => {
    const quote = createQuote(KEY, 300);
    expect(quote(`${'word '.repeat(40)}${DIGITS}`)).toBe(NOT_QUOTED);
    expect(quote(`${'word '.repeat(57)}${DIGITS}`)).toBe(NOT_QUOTED);
    expect(quote(`${'word '.repeat(58)}${DIGITS}`)).toMatch(/word 0a1b2c3d4…$/); // too little to be of use
  });

  it('in parts with anything between that is neither letter nor digit', () => {
    const digits = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    const between = fc.string({
      unit: fc.constantFrom(...Array.from(' -_.:,;|/\\\'"<>()[]{}&%#=+*~^\n\t\u0000\u200b\u00ad…™²🎬')),
      maxLength: 3,
    });
    fc.assert(
      fc.property(digits, fc.array(between, { minLength: 73, maxLength: 73 }), (ofKey, gaps) => {
        const key = `sk-or-v1-${ofKey}`;
        const quoted = createQuote(key, 300)(`bad key ${gaps.map((gap, index) => (key[index] ?? '') + gap).join('')}`);
        expect(partsIn(quoted, ofKey)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  function partsIn(quoted: string, digits: string): readonly string[] {
    const left = quoted.replaceAll(/[^0-9a-z]/gi, '');
    const parts = Array.from({ length: digits.length - 11 }, (_, start) => digits.slice(start, start + 12));
    return parts.filter((part) => left.includes(part));
  }
});

describe('a text is quoted as it is', () => {
  it.each([
    'Insufficient credits. Add more using the settings page.',
    'No auth credentials found',
    'User not found.',
    'Invalid API key format: it must begin with sk-or-v1-',
    'The key sk-or-v1-… is disabled',
    'The key that ends in e8f9 is disabled',
    'Key limit exceeded (weekly limit). Manage it in the settings.',
    'Rate limit exceeded: free-models-per-min. 20 of 20 requests, resets at 1764324000000',
    'google/veo-3.1-lite is not a valid model ID',
    'No endpoints found for kwaivgi/kling-v2.1-master-20250715.',
    'Model alibaba/wan-2.2-t2v-14b-fp8:free does not take duration 12; supported: 4, 6, 8',
    'Provider returned error',
    'OpenRouter provider error (upstream 502)',
    'Upstream error from Google: 503 The service is currently unavailable.',
    'Request 7f3c2a10-9b1e-4c55-8d0a-3b9f6e2d1c44 failed',
    'request_id=req_011CSHoEeqs5C35K2UUqR7Fy',
    'cf-ray 8f2d1c3b4a5e6f70-FRA',
    'trace 4bf92f3577b34da6a3ce929d0e0e4736, span 00f067aa0ba902b7',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 does not match',
    'md5 d41d8cd98f00b204e9800998ecf8427e, etag "33a64df551425fcc55e4d42a148795d9f25f89d4"',
    'operations/01JD8ZK3YQ5V7N2X4W6T8R0PAB is not done',
    'gen-1764324000-AbCdEfGhIjKlMnOpQrSt was not found',
    '{"error":{"code":400,"message":"Invalid value at \'size\'","status":"INVALID_ARGUMENT"}}',
    '[{"code":"too_big","maximum":8,"path":["duration"],"message":"Too big: expected <=8"}]',
    'The prompt was refused by the content filter (reason=SAFETY, probability: 0.93)',
    'Unexpected token < in JSON at position 0',
    'frame [1, 2, 3, 115, 107, 45] has a wrong shape',
    'the thumbnail iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk is too small',
    'Zu viele Anfragen. Bitte später erneut versuchen – リクエストが多すぎます。',
    'job 550e8400-e29b-41d4-a716-446655440000 expired at 2026-11-28T10:00:00.000Z',
    'mode=3D&fps=24 is not supported for 1280x720',
    'CUDA out of memory. Tried to allocate 2.50 GiB (GPU 0; 79.15 GiB total; 0x7f3c2a109b1e)',
  ])('%j', (text) => {
    for (const key of [KEY, GATEWAY_KEY, 'openrouter-production', `sk-or-v1-${randomBytes(32).toString('hex')}`]) {
      expect(createQuote(key, 300)(text)).toBe(text);
    }
  });

  it.each(['x', 'key', 'anything', 'sk-or-test', 'openrouter-key', '+-*/+-*/+-*/'])(
    'but for the very key where that is as short as %s',
    (key) => {
      const text = 'The OpenRouter key has expired: if it were anything else, the test at 11 x would see 0a1b2c3d4e5f';
      const quote = createQuote(key, 300);
      expect(quote(text)).toBe(key.length < 4 ? text : text.replaceAll(key, '[key]'));
      expect(quote('Unknown.')).toBe('Unknown.');
    },
  );
});

it('takes milliseconds, however long key and text are', () => {
  const quote = createQuote(randomBytes(2_000).toString('hex'), 300);
  const texts = ['<a>=73', '&#x73;', '\\163', 'c2st', '73 ', '115,', '\ufdfa', '<signature', '<sig'].map((unit) =>
    unit.repeat(1_000_000),
  );
  const start = performance.now();
  for (const text of texts) expect(quote(text).length).toBeLessThanOrEqual(300);
  expect(performance.now() - start).toBeLessThan(texts.length * 1_000);
});
