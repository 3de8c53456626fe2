import { dollarAmount, positiveNumber, wholeNumber } from '../numbers.js';
import {
  detachOption,
  idOption,
  jsonOption,
  localOption,
  onCancelOption,
  outputOption,
  overwriteOption,
  pollIntervalOption,
  simulatedGenerationOption,
  tenantOption,
  timeoutOption,
  type RunFlags,
} from '../run-flags.js';
import { Command, Option } from '../typed-commander.js';

export interface GenerateFlags extends RunFlags {
  readonly model?: string | undefined;
  readonly duration?: number | undefined;
  readonly resolution?: string | undefined;
  readonly aspectRatio?: string | undefined;
  readonly size?: string | undefined;
  readonly audio?: boolean | undefined;
  readonly seed?: number | undefined;
  readonly request?: string | undefined;
  readonly maxCost?: number | undefined;
  readonly example?: true | undefined;
}

export function generateCommand() {
  return new Command('generate')
    .summary('make a video: submit once, wait, save')
    .description(
      'Starts a run, follows it, and prints where the video was saved. Ctrl-C only detaches: the run goes on.',
    )
    .argument('[prompt]', 'what the video shows')
    .option('-m, --model <model>', 'default: google/veo-3.1-lite')
    .option('-d, --duration <seconds>', 'length in seconds', positiveNumber)
    .option('--resolution <name>', 'such as 720p')
    .option('--aspect-ratio <ratio>', 'such as 16:9')
    .option('--size <WxH>', 'such as 1280x720, instead of the two above')
    .option('--audio', 'with sound (default: without)')
    .option('--no-audio', 'without sound')
    .option('--seed <number>', 'for the same video again, where the model can', wholeNumber)
    .option('--request <file>', 'JSON body of POST /videos ("-": standard input); other options win over it')
    .option('--max-cost <usd>', 'submit nothing that is estimated to cost more', dollarAmount)
    .addOption(outputOption)
    .addOption(overwriteOption)
    .addOption(idOption)
    .addOption(timeoutOption)
    .addOption(pollIntervalOption)
    .addOption(onCancelOption)
    .addOption(tenantOption)
    .addOption(detachOption)
    .addOption(jsonOption)
    .addOption(localOption)
    .addOption(simulatedGenerationOption)
    .addOption(new Option('--example').hideHelp())
    .action(async (prompt, flags) => {
      const { generate } = await import('../actions/generate.js');
      process.exitCode = await generate(prompt, flags);
    });
}
