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
} from '../run-flags.js';
import { Command } from '../typed-commander.js';

export function adoptCommand() {
  return new Command('adopt')
    .summary('save a job that exists already at the provider')
    .description('Follows a job that was submitted before, by whomever, and saves its video. Submits nothing.')
    .argument('<job-id>', 'as the provider gave it')
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
    .action(async (jobId, flags) => {
      const { adopt } = await import('../actions/adopt.js');
      process.exitCode = await adopt(jobId, flags);
    });
}
