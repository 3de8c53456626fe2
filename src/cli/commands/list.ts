import type { VideoState } from '../../contract/types.js';
import { positiveNumber } from '../numbers.js';
import { jsonOption } from '../run-flags.js';
import { Command, Option } from '../typed-commander.js';

const STATES = [
  'validating',
  'submitting',
  'awaiting_decision',
  'generating',
  'downloading',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly VideoState[];

export function listCommand() {
  return new Command('list')
    .summary('show the runs there are: open ones first, then closed ones, the last closed first')
    .addOption(new Option('--state <state>', 'only runs in this state').choices(STATES))
    .option('--model <model>', 'only runs of this model')
    .option('--limit <number>', 'at most this many (default: 50)', positiveNumber)
    .addOption(jsonOption)
    .action(async (flags) => {
      const { list } = await import('../actions/list.js');
      process.exitCode = await list(flags);
    });
}
