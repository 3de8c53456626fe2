import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultOutputKey, outputKeyOf, outputKeyProblem, siblingKey } from '../../src/contract/index.js';
import { storedKeyProblem } from '../../src/contract/output-key.js';

describe('an output key', () => {
  it.each(['a.mp4', 'folder/a.mp4', 'a b/ü 🌫.mp4', '.hidden.mp4', 'a..b.mp4', '-1.mp4', `${'x'.repeat(251)}.mp4`])(
    'may be %j',
    (key) => {
      expect(outputKeyProblem(key)).toBeNull();
    },
  );

  it.each([
    '',
    '/a.mp4',
    '../a.mp4',
    'a/../b.mp4',
    'a/..',
    './a.mp4',
    'a//b.mp4',
    'a/',
    'C:\\a.mp4',
    'c:a.mp4',
    'a\\b.mp4',
    'con',
    'CON.mp4',
    'dir/nul.txt',
    'com1.mp4',
    'a\u0000.mp4',
    'a\n.mp4',
    '.longtake-0123456789abcdef.part',
    'a/.longtake-x.PART',
    'a\u202e4pm.mp4',
    'a\u2044b.mp4',
    '\u2025/a.mp4',
    'a\ud800.mp4',
    'a\ufffe.mp4',
    'a\uffff.mp4',
    'a\u{1ffff}.mp4',
    'a\ufdd0.mp4',
    'a .mp4 ',
    'a.',
    `${'x'.repeat(256)}.mp4`,
    'a/'.repeat(500) + 'b.mp4',
  ])('may not be %j', (key) => {
    expect(outputKeyProblem(key)).not.toBeNull();
  });

  it('is the workflow id by default, every other byte percent-encoded', () => {
    expect(defaultOutputKey('order-7_a.B')).toBe('order-7_a.B.mp4');
    expect(defaultOutputKey("a/b c'é~")).toBe('a%2Fb%20c%27%C3%A9%7E.mp4');
  });

  it('gets a number before the extension for later outputs', () => {
    expect([0, 1, 2].map((index) => outputKeyOf('a.b/c.mp4', index))).toEqual([
      'a.b/c.mp4',
      'a.b/c-1.mp4',
      'a.b/c-2.mp4',
    ]);
    expect(outputKeyOf('a.b/c', 1)).toBe('a.b/c-1');
    expect(outputKeyOf('.mp4', 1)).toBe('.mp4-1');
  });

  it.each([
    `${'x'.repeat(251)}.mp4`,
    `${'x'.repeat(244)}1-1-1-1.mp4`,
    `a.${'x'.repeat(253)}`,
    `${'Take. '.repeat(42)}end`,
    `${'folder/'.repeat(120)}${'x'.repeat(56)}.mp4`,
  ])('makes keys that a storage takes of one as long as it may be', (key) => {
    expect(outputKeyProblem(key)).toBeNull();
    for (const made of [outputKeyOf(key, 1), outputKeyOf(key, 12), siblingKey(key, 'j'.repeat(512))]) {
      expect(storedKeyProblem(made), made).toBeNull();
    }
    const keys = [0, 1, 2, 12].map((index) => outputKeyOf(key, index));
    const siblings = keys.map((made) => siblingKey(made, 'j'.repeat(512)));
    expect(new Set([...keys, ...siblings]).size).toBe(8);
  });

  it('has a sibling that is a key again, whatever the job id and however long the name', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 251, unit: 'grapheme-ascii' })
      .filter((text) => !text.endsWith('/') && outputKeyProblem(`${text}.mp4`) === null);
    fc.assert(
      fc.property(name, fc.string({ minLength: 1, maxLength: 512 }), (text, jobId) => {
        const key = siblingKey(`folder/${text}.mp4`, jobId);
        expect(outputKeyProblem(key), key).toBeNull();
        expect(key.startsWith('folder/')).toBe(true);
        expect(key.endsWith('.mp4')).toBe(true);
      }),
    );
  });
});
