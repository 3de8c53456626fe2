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
    for (const unit of ['?', '&', '//', 'a@', '//a@', '//a', 'x-amz-', 'sig', 'sig=', '%2f', '\\/', ' ', 'sk-'])
      expect(quote(unit.repeat(2_000_000)).length).toBeLessThan(61);
  });
});
