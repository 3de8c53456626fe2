import { expect, it } from 'vitest';
import { RefusalLog } from '../../src/observability/refusal-log.js';

it('tells of the first refusal at once, and of those after it at most once a minute, with their number', () => {
  const lines: string[] = [];
  let now = 5;
  const log = new RefusalLog(() => now);
  for (let second = 0; second < 120; second++) {
    log.note((more) => lines.push(`refused${more}`));
    now += 1_000;
  }
  expect(lines).toEqual(['refused', 'refused (60 since the last such line)']);
});
