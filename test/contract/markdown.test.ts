import { expect, it } from 'vitest';
import { prose } from '../../src/contract/markdown.js';

it('sets flags in a message as code, so that they can be pasted, and everything else as text', () => {
  expect(prose('The key "a*b" is taken; give --overwrite, or another --output.')).toBe(
    'The key "a\\*b" is taken; give `--overwrite`, or another `--output`.',
  );
  expect(prose('Raise --max-cost (budget): it is $1--2.')).toBe('Raise `--max-cost` (budget): it is \\$1--2.');
  expect(prose('no-flag--here --- and --Neither')).toBe('no-flag--here --- and --Neither');
});
