import { expect, it } from 'vitest';
import { firstWords } from '../../src/contract/first-words.js';

it('keeps what is short, and cuts no character in two', () => {
  expect(firstWords('🦉🦉', 2)).toBe('🦉🦉');
  expect(firstWords('🦉🦉🦉', 2)).toBe('🦉🦉…');
});
