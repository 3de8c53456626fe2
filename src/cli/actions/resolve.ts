import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { isClosed } from '../../client/longtake-handle.js';
import { loadConfig } from '../../config.js';
import { waitCommand } from '../../contract/commands.js';
import { isUsableJobId } from '../../contract/job-id.js';
import type { ResolveSubmission } from '../../contract/types.js';
import { commandHere } from '../command-here.js';
import { connected } from '../connect.js';
import { CliError, usageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hindrance } from '../hindrance.js';
import { watchInterruption } from '../interruption.js';
import { say } from '../output.js';
import { knownRun } from '../run-record.js';

export interface ResolveFlags {
  readonly adopt?: string | undefined;
  readonly resubmit?: true | undefined;
  readonly abandon?: true | undefined;
}

/** An adopted job is looked at first, which may take some tries; without a worker there is no answer at all. */
const ANSWER_MS = 60_000;
const PATIENCE_MS = 5_000;

/** Of a decision that has left. */
const STANDS =
  'the decision may still be carried out as soon as a worker is there. Until then --adopt and --abandon go before a --resubmit.';

export async function resolve(id: string, flags: ResolveFlags): Promise<ExitCode> {
  const decision = decisionFrom(flags);
  return await connected(loadConfig(), async ({ longtake, temporal }) => {
    const run = await knownRun(temporal, id);
    if (!run.isRunning) throw new CliError(EXIT.failed, `Nothing waits for a decision: run ${id} is ${run.state}.`);
    const giveUp = new AbortController();
    const interruption = watchInterruption(`Interrupted, but ${STANDS}`);
    const { state } = await Promise.race([
      interruption.orInterrupted(longtake.handle(id).resolveSubmission(decision)),
      noAnswer(temporal, id, giveUp.signal),
    ]).finally(() => {
      giveUp.abort();
    });
    say(`Answered; run ${id} is now ${state}.`);
    if (!isClosed({ state })) say(`To follow it: ${commandHere(waitCommand(id))}`);
    return EXIT.done;
  });
}

function decisionFrom({ adopt, resubmit, abandon }: ResolveFlags): ResolveSubmission {
  const decisions: ResolveSubmission[] = [];
  if (adopt !== undefined) decisions.push({ action: 'adopt', jobId: adopt });
  if (resubmit === true) decisions.push({ action: 'resubmit' });
  if (abandon === true) decisions.push({ action: 'abandon' });
  const [decision, ...more] = decisions;
  if (decision === undefined || more.length > 0)
    throw usageError('Give exactly one of --adopt JOB_ID, --resubmit and --abandon.');
  if (decision.action === 'adopt' && !isUsableJobId(decision.jobId)) {
    throw usageError('--adopt must be a job id as the provider gave it.');
  }
  return decision;
}

async function noAnswer(temporal: Client, id: string, signal: AbortSignal): Promise<never> {
  await delay(PATIENCE_MS, undefined, { signal });
  const hindered = await hindrance(temporal, id, 'the decision can be carried out');
  signal.throwIfAborted();
  say(hindered ?? 'No worker has answered yet: the decision waits for one.');
  await delay(ANSWER_MS - PATIENCE_MS, undefined, { signal });
  throw new CliError(
    EXIT.failed,
    `No worker answered within ${ANSWER_MS / 1_000} s, and ${STANDS} Start a worker, and look at the run before you say it again.`,
  );
}
