import { expect, it } from 'vitest';
import { jsonText } from '../../src/cli/json-text.js';

it('escapes all that moves a terminal or turns its text, and keeps the value', () => {
  const codes = [...range(0x00, 0x1f), ...range(0x7f, 0x9f), 0x061c, 0x200e, 0x200f];
  const hostile = String.fromCodePoint(...codes, ...range(0x2028, 0x202e), ...range(0x2066, 0x2069));
  const value = { error: { message: `before${hostile}after`, [hostile]: [hostile] }, plain: 'Übung 🎬 "x" \\u0080' };
  const text = jsonText(value);
  expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
  expect(text).toContain('Übung 🎬');
  expect(JSON.parse(text)).toEqual(value);
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
