import { expect, it } from 'vitest';
import { age, bytes, clock, localTime, table } from '../../src/cli/format.js';
import { dollars } from '../../src/contract/dollars.js';
import { fit, plain } from '../../src/cli/terminal.js';

it('writes amounts of money with cents, and more digits only where they count', () => {
  expect([0, 0.1, 0.12, 1.2, 0.0345, 0.1 + 0.2].map(dollars)).toEqual([
    '$0.00',
    '$0.10',
    '$0.12',
    '$1.20',
    '$0.0345',
    '$0.30',
  ]);
});

it('writes local time with its distance from UTC', () => {
  const text = localTime('2026-11-22T07:00:12.000Z');
  expect(text).toMatch(/^2026-11-2[123] \d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
  expect(Date.parse(text)).toBe(Date.parse('2026-11-22T07:00:12.000Z'));
});

it('writes how long ago something was, in its largest unit', () => {
  const now = Date.parse('2026-11-22T07:00:00Z');
  const ages = [-5, 300, 45_000, 180_000, 7_200_000, 432_000_000].map((ms) => new Date(now - ms).toISOString());
  expect(ages.map((iso) => age(iso, now))).toEqual(['1s', '1s', '45s', '3m', '2h', '5d']);
});

it('writes sizes in units of thousands', () => {
  expect([0, 999, 1_000, 442_723, 1_234_567_890].map(bytes)).toEqual(['0 B', '999 B', '1.0 kB', '442.7 kB', '1.2 GB']);
});

it('writes elapsed time as a clock', () => {
  expect([-5, 7_000, 750_000, 3_723_000].map(clock)).toEqual(['0:00', '0:07', '12:30', '1:02:03']);
});

it('puts the cells of a table under each other', () => {
  expect(
    table([
      ['ID', 'STATE'],
      ['long-id', 'x'],
    ]),
  ).toEqual(['ID       STATE', 'long-id  x']);
});

it('cuts a line to the width of the terminal, counting wide letters twice', () => {
  expect(fit('abcdef', 6)).toBe('abcdef');
  expect(fit('abcdefg', 6)).toBe('abcde…');
  expect(fit('ab温室日出', 6)).toBe('ab温…');
});

it('lets nothing through that moves the cursor, colours the screen or opens a new line', () => {
  expect(plain('a\u001b[2Kb\u0007c\r\nd\u009be\u2028f')).not.toMatch(/[\p{Cc}\u2028]/u);
});
