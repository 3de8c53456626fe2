import type { LongtakeHandle, RunStatus } from '../client/index.js';
import { CliError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Interruption } from './interruption.js';
import { untilAborted } from './interruption.js';
import { exitCodeOfOutcome, isFinal, outcomeOf, withoutFiles } from './outcome.js';
import { printJson, say, warn } from './output.js';
import { Progress, type ProgressOptions } from './progress.js';
import { report, type ReportOptions } from './report.js';
import type { SavedVideos } from './saved-files.js';

export interface FollowRunOptions extends Pick<ProgressOptions, 'startedAt' | 'pollingTimeout'> {
  readonly json: boolean;
  readonly interruption: Interruption;
  /** How to come back to the run after Ctrl-C. */
  readonly reattach: string;
  /** Everything the run needs is in this process; `lost` resolves when it is there no more. */
  readonly local: (ReportOptions & LocalRun) | null;
}

interface LocalRun {
  readonly lost: Promise<Error>;
  /** Why what a run has saved cannot be handed over, or `null`. */
  readonly lostVideos: (saved: SavedVideos) => Promise<string | null>;
}

/** Runs of services that go on without this process. */
const ELSEWHERE: ReportOptions = { startFirst: null };

/** Shows a run until its end, or until only a person can carry on, and reports it. */
export async function followRun(handle: LongtakeHandle, options: FollowRunOptions): Promise<ExitCode> {
  const { startedAt, pollingTimeout, json, interruption, local } = options;
  const progress = new Progress({ startedAt, pollingTimeout, quiet: json, needsWorker: local === null });
  try {
    const status = await Promise.race([
      lastStatus(handle, progress, interruption.signal),
      untilAborted(interruption.signal).then(() => null),
      ...(local === null ? [] : [local.lost.then((error) => serverLost(error, options.reattach))]),
    ]);
    progress.stop();
    if (status === null) return detached(options);
    for (const warning of status.warnings) warn(warning);
    const recorded = await outcomeOf(handle, status);
    const lost = recorded.result === null ? null : ((await local?.lostVideos(recorded.result)) ?? null);
    const outcome = lost === null ? recorded : withoutFiles(recorded, lost);
    if (json) printJson(outcome);
    if (!json || outcome.state === 'awaiting_decision') report(outcome, local ?? ELSEWHERE);
    return exitCodeOfOutcome(outcome);
  } finally {
    progress.stop();
  }
}

async function lastStatus(handle: LongtakeHandle, progress: Progress, signal: AbortSignal): Promise<RunStatus | null> {
  for await (const status of handle.follow({ signal })) {
    progress.update(status);
    if (isFinal(status)) return status;
  }
  return null;
}

function serverLost(error: Error, reattach: string): never {
  throw new CliError(EXIT.unreachable, `${error.message}\nThe run is kept. To go on: ${reattach}`, { cause: error });
}

function detached({ interruption, reattach, local }: FollowRunOptions): ExitCode {
  say(local === null ? 'Detached; the run goes on.' : 'Stopping; the run is kept.');
  say(`To come back to it: ${reattach}`);
  return interruption.signal.reason instanceof CliError ? interruption.signal.reason.exitCode : EXIT.interrupted;
}
