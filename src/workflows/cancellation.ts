import { CancelledFailure } from '@temporalio/workflow';
import { adoptCommand } from '../contract/commands.js';
import { statedIn } from './stated-input.js';
import type { VideoRun } from './video-run.js';

/**
 * The end of a cancelled run. The provider cannot cancel, so the message says what may still be billed and how to get it.
 */
export function cancelledRun(run: VideoRun): CancelledFailure {
  return new CancelledFailure(`${cancelledBy(run)} ${consequence(run)}`);
}

/** The first words of such an end. */
export function cancelledBy({ cancelReason }: VideoRun): string {
  return cancelReason === null ? 'The run was cancelled.' : `The run was cancelled: ${cancelReason}.`;
}

function consequence(run: VideoRun): string {
  const { jobId, costUsd, assets } = run.status;
  const { jobId: given, output } = statedIn(run.input);
  if (jobId === null && given !== null) {
    return `Job ${given} was not looked at; it may be billed. To save its video: ${adoptCommand(given, output)}`;
  }
  if (run.isInDoubt) {
    return `It is not known whether the provider accepted the job: one may exist and be billed. If it does: ${adoptCommand('JOB_ID', output)}`;
  }
  if (jobId === null) {
    return run.mayBeReset ? 'This run submitted nothing.' : 'Nothing was submitted, and nothing is billed.';
  }
  const saved = assets.length === 0 ? '' : ` Already saved: ${assets.map((asset) => asset.uri).join(', ')}.`;
  const bill =
    costUsd === null ? `Job ${jobId} goes on at the provider and may be billed.` : `Job ${jobId} cost $${costUsd}.`;
  return `${bill}${saved} To save its video after all: ${adoptCommand(jobId, output)}`;
}
