import { CancelledFailure, condition, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { adoptCommand } from '../contract/commands.js';
import { dollars } from '../contract/dollars.js';
import { CANCELLED_IN_TIME } from '../contract/unbilled.js';
import { CANCEL_RUN, LOCAL_CANCEL_RUN } from './activity-options.js';
import { goesBy } from './changes.js';
import { activityCause } from './failures.js';
import { jobEnd } from './job-ends.js';
import { statedIn } from './stated-input.js';
import type { VideoRun } from './video-run.js';

type CancelsRun = Pick<Activities, 'cancelRun'>;

const { cancelRun } = proxyActivities<CancelsRun>(CANCEL_RUN);
const localCancels = proxyLocalActivities<CancelsRun>(LOCAL_CANCEL_RUN);

/** Far longer than the server takes to tell a run of what it was asked. */
const CANCEL_ARRIVES_WITHIN = '1m';

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
  const { jobId, providerStatus, costUsd, assets } = run.status;
  const { jobId: given, output, overwrite } = statedIn(run.input);
  if (jobId === null && given !== null) {
    return `Job ${given} was not looked at; it may be billed. To save its video: ${adoptCommand(given, output, overwrite)}`;
  }
  if (run.isInDoubt) {
    const doubt = 'It is not known whether the provider accepted the job: one may exist and be billed.' + run.inDoubt;
    const isNamed = run.hinted.candidates.length + run.earlierJobs.length > 0; // and then the run's end names it
    return isNamed ? doubt : `${doubt} If it does: ${adoptCommand('JOB_ID', output, overwrite)}`;
  }
  if (jobId === null) {
    return run.mayBeReset ? 'This run submitted nothing.' : CANCELLED_IN_TIME;
  }
  const saved = assets.length === 0 ? '' : ` Already saved: ${assets.map((asset) => asset.uri).join(', ')}.`;
  const isMade = jobEnd(providerStatus ?? '') === 'saved';
  const goesOn = isMade ? 'is finished, and may be billed' : 'goes on at the provider and may be billed';
  const bill = `Job ${jobId} ${costUsd === null ? goesOn : `cost ${dollars(costUsd)}`}.`;
  // The run's own key is taken by what is saved already.
  const command = adoptCommand(jobId, assets.length === 0 ? output : null, overwrite);
  return `${bill}${saved} To save its video after all: ${command}`;
}

/**
 * Ends a run that is to be cancelled before it pays. The server's word is waited for, since only with it does a run end as
 * Canceled; where the server refuses it nothing is paid either, and the problem says so.
 */
export async function endIfCancelled(run: VideoRun): Promise<void> {
  if (run.isCancelAsked && !run.isCancelled() && goesBy('pays-nothing-after-cancel')) {
    await condition(() => run.isCancelled());
  }
  if (run.isCancelled()) throw cancelledRun(run);
}

/**
 * A run that was cancelled in an earlier history is so in this one, but not to the server: the request for it does not
 * travel. Waits for nothing where there is one.
 */
export async function cancelAtServer(run: VideoRun): Promise<void> {
  if (!run.isCancelled() || run.isCancelAtServer) return;
  await cancelThisRun(run);
  await condition(() => run.isCancelAtServer, CANCEL_ARRIVES_WITHIN, { summary: 'the cancel comes back' });
}

/**
 * Only the server can end a run as Canceled, so the signal asks it to, and there is one way to cancel. What this threw
 * would close the run at once, without its job, its cost or its end on record; that goes for a cancel that another one
 * overtakes as well.
 */
export async function cancelThisRun(run: VideoRun): Promise<void> {
  try {
    await askServer();
  } catch (error) {
    const cause = activityCause(error);
    if (cause === null) throw error;
    run.problem({ type: 'Unexpected', message: `The run could not be cancelled: ${cause.message} Ask for it again.` });
  }
}

/**
 * Beside a poll that is under way, a local activity would have the server's word come between the end of the poll and what the run
 * does with it (docs/decisions/0018-changes-at-the-start.md).
 */
function askServer(): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  const summary = 'cancel this run';
  return goesBy('cancels-by-activity')
    ? cancelRun.executeWithOptions({ ...CANCEL_RUN, summary }, [{ workflowId, runId }])
    : localCancels.cancelRun.executeWithOptions({ ...LOCAL_CANCEL_RUN, summary }, [{ workflowId, runId }]);
}
