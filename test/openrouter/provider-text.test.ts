import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQuote } from '../../src/openrouter/provider-text.js';

const KEY = 'key+with.regex*chars';
const quote = createQuote(KEY, 60);

describe('a quote', () => {
  it.each([
    ['plain words stay.', 'plain words stay.'],
    ['two\r\nlines\tand\u001b[31m colour\u0000', 'two lines and [31m colour'],
    [`the key ${KEY}, twice ${KEY}`, 'the key [key], twice [key]'],
    [`in an address ${encodeURIComponent(KEY)}!`, 'in an address [key]!'],
    [`encoded ${Buffer.from(`Bearer ${KEY}`).toString('base64')}`, 'encoded QmVhcmVyIG[key]'],
    ['another key sk-or-v1-0123456789abcdef', 'another key [key]'],
    ['see https://cdn.test/a.mp4?X-Amz-Signature=abc&x=1 now', 'see https://cdn.test/… now'],
    ['see https://cdn.test/s/secret/a.mp4 now', 'see https://cdn.test/… now'],
    ['see HTTPS://[2001:db8::1]:8443#secret now', 'see HTTPS://[2001:db8::1]:8443/… now'],
    ['{"url":"https:\\/\\/cdn.test\\/secret"}', '{"url":"https:\\/\\/cdn.test/…"}'],
    ['over https://cdn.test, or http://localhost:80.', 'over https://cdn.test, or http://localhost:80.'],
    ['see //cdn.test/secret', 'see //cdn.test/…'],
    ['with x-amz-security-token=abc and Token = abc', 'with x-amz-security-token=… and Token = …'],
    ['SIGNATURE=abc&sig=abc, hmac%3Dabc', 'SIGNATURE=…&sig=… hmac%3D…'],
    ['Credential="abc"', 'Credential="…"'],
    ['see /v1/content?token=abc now', 'see /v1/content?… now'],
    ['see https%3A%2F%2Fcdn.test%2Fa%3Fsig%3Dabc now', 'see https%3A%2F%2Fcdn.test/… now'],
    ['see https://user:p@ss@cdn.test/a', 'see https://cdn.test/…'],
    ['see https://user:pass@cdn.test', 'see https://cdn.test'],
    ['really? Yes.', 'really? Yes.'],
    ['  ', ''],
    ['x'.repeat(61), `${'x'.repeat(59)}…`],
  ])('makes %j into %j', (text, expected) => {
    expect(quote(text)).toBe(expected);
  });

  it.each([
    ['a JSON-escaped address', 'see https:\\u002f\\u002fcdn.test\\u002fsecret\\u003d'],
    ['a JSON text within another', 'see https:\\\\u002F\\\\u002Fcdn.test\\\\/secret'],
    ['a doubly encoded address', 'see https%253A%252F%252Fcdn.test%252Fsecret'],
    ['an address in entities', 'see https:&#x2F;&#0047;cdn.test&sol;secret'],
    ['an address with something unseen in it', 'see https:/&#8203;/cdn.test/secret'],
    ['a signature in entities', 'with sig&#61;secret&amp;x'],
    ['a query in escapes', 'see /v1\\u003fsecret'],
    ['encodings without end', `see %${'25'.repeat(9)}2Fsecret`],
    ['a header', 'Signature:secret'],
    ['a header in JSON', '{"X-Amz-Signature": "secret"}'],
    ['a header in JSON in JSON', '{\\"X-Amz-Signature\\": \\"secret\\"}'],
    ['a token', 'token: secret'],
    ['a token of digits', 'token: 4096819257038164 is not known'],
    ['a token that begins with digits', 'token: 4096ab12'],
    ['a token in pieces', 'token: 4096 8192 secret'],
    ['a token of few digits', 'token: 482910 expired'],
    ['a token in a header', 'X-Auth-Token: 1234567 limit refused'],
    ['a token of which a word is a part', 'token: 4096 max-9283hf928'],
    ['a password of digits', 'password: 4096 is wrong'],
    ['a JWT', 'got Bearer eyJsecret0.eyJ9.x'],
    ['the key in another case', `got ${KEY.toUpperCase()}`],
    ['the escaped key', `got ${KEY.replace('.', '\\u002e')}`],
    ['the key, some of it encoded', `got ${KEY.replace('.', '%2E')}`],
    ['another encoded key', 'got sk\\u002dor-v1-0123456789abcdef'],
    ['a signature in an element', 'No match. <SignatureProvided>0a1b</SignatureProvided>'],
    ['a signature in an escaped element', 'No match. &lt;s:Signature a=&quot;b&quot;&gt; 0a1b &lt;/s:Signature&gt;'],
    ['a signature after the name of its element', 'SignatureProvided: 0a1b'],
  ])('is none of what holds %s', (_what, text) => {
    expect(quote(text)).toBe('[not quoted: it holds an address or a secret]');
  });

  it.each([
    'AT&amp;T &lt;b&gt; 100%25 \\"sure\\"\\n',
    'fewer max_tokens: 1. Unrecognized key: "x"',
    'token: 4096 limit exceeded',
    'The token: 131072 maximum was exceeded.',
    'Bearer authentication required',
    'the design: C:\\users\\x',
    'expected <token> but got <Signature/>',
  ])('is %j where it stays harmless once decoded', (text) => {
    expect(quote(text)).toBe(text);
  });

  it('has nothing in it that is not seen', () => {
    expect(quote(`a\u200bb ${KEY.replace('.', '.\u00ad')} https:/\u2060/cdn.test/secret`)).toBe(
      'ab [key] https://cdn.test/…',
    );
  });

  it('is one short well-formed line without the key, wherever the key stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.string(), (before, after) => {
        const quoted = quote(`${before}${KEY}${after}`);
        expect(quoted.length).toBeLessThanOrEqual(60);
        expect(quoted).not.toContain(KEY);
        expect(quoted).not.toMatch(/[\n\r\u0000-\u001f]/);
        expect(quoted.isWellFormed()).toBe(true);
      }),
    );
  });

  it('never ends in half a key', () => {
    for (let offset = 0; offset < 70; offset++) expect(quote(`${'x'.repeat(offset)}${KEY}`)).not.toMatch(/key\+/);
  });

  it('does not take long over megabytes', () => {
    for (const unit of [
      '?',
      '&',
      '//',
      'a@',
      '//a@',
      '//a',
      'x-amz-',
      'sig',
      'sig=',
      '%2f',
      '\\/',
      ' ',
      'sk-',
      '\\',
      '%25',
      '&#',
      'token ',
      'bearer ',
    ])
      expect(quote(unit.repeat(2_000_000)).length).toBeLessThan(61);
  });
});
