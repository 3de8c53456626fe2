import { expect, it } from 'vitest';
import { adoptCommand, cancelCommand, resolveCommands } from '../../src/contract/commands.js';
import { prose } from '../../src/contract/markdown.js';

it('sets flags in a message as code, so that they can be pasted, and everything else as text', () => {
  expect(prose('The key "a*b" is taken; give --overwrite, or another --output.')).toBe(
    'The key "a\\*b" is taken; give `--overwrite`, or another `--output`.',
  );
  expect(prose('Raise --max-cost (budget): it is $1--2.')).toBe('Raise `--max-cost` (budget): it is \\$1--2.');
  expect(prose('no-flag--here --- and --Neither')).toBe('no-flag--here --- and --Neither');
});

it.each<[which: string, command: string]>([
  ['plain', adoptCommand('A', null)],
  ['with an output', adoptCommand('v1.2_x', 'a/b.mp4', true)],
  ['with quoted words', adoptCommand("it's. A", "two words: it's.mp4", true)],
  ['with a dash in front', adoptCommand('-x', '-y.mp4')],
  ['of another kind', cancelCommand('run-1.2')],
  ...resolveCommands('run 1').map((command): [string, string] => ['that answers', command]),
])('sets each command in a message, %s, as code of its own, and what stands between as text', (_which, command) => {
  expect(prose(`It has_no job. To save it: ${command}. Of *another*; its video: ${command}`)).toBe(
    `It has\\_no job. To save it: \`${command}\`. Of \\*another\\*; its video: \`${command}\``,
  );
  expect(prose(`To save it: ${command}; or: ${command}, and give --overwrite.`)).toBe(
    `To save it: \`${command}\`; or: \`${command}\`, and give \`--overwrite\`.`,
  );
});

it('takes no sentence that begins with the name for a command', () => {
  expect(prose('A job may exist; longtake will not send it *again*.')).toBe(
    'A job may exist; longtake will not send it \\*again\\*.',
  );
});
