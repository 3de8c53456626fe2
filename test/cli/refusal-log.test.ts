import { expect, it } from 'vitest';
import { RefusalLog } from '../../src/cli/refusal-log.js';

it('says the first refusal at once, and those after it at most once a minute, with their number', () => {
  const lines: string[] = [];
  let now = 5;
  const log = new RefusalLog(
    (line) => lines.push(line),
    () => now,
  );
  for (let second = 0; second < 120; second++) {
    log.note('10.0.0.1');
    now += 1_000;
  }
  expect(lines).toEqual([
    'Refused a caller at 10.0.0.1, whose token is missing or wrong. It has to be LONGTAKE_CODEC_TOKEN.',
    expect.stringContaining('wrong (60 since the last such line).'),
  ]);
});
