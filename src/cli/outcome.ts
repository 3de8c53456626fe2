import type { GenerateVideoResult, LongtakeHandle, RunStatus } from '../client/index.js';
import type { VideoState } from '../contract/types.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** What `generate`, `adopt` and `wait` print with `--json`. A run that succeeded has no `result` where its file is gone. */
export interface Outcome {
  readonly id: string;
  readonly runId: string;
  readonly state: VideoState;
  readonly result: GenerateVideoResult | null;
  readonly error: { readonly type: string; readonly message: string } | null;
}

/** Whether following ends here: the run is over, or only a person can carry on. */
export function isFinal({ state }: RunStatus): boolean {
  return exitCodeFor(state) !== null;
}

export async function outcomeOf(handle: LongtakeHandle, status: RunStatus): Promise<Outcome> {
  const { workflowId: id, runId, state, error } = status;
  const result = state === 'succeeded' ? await handle.result() : null;
  return { id, runId, state, result, error: result === null ? error : null };
}

/** With `--local` the files can be looked at: what cannot be handed over is no success. */
export function withoutFiles(outcome: Outcome, message: string): Outcome {
  return { ...outcome, result: null, error: { type: 'StorageFailed', message } };
}

export function exitCodeOfOutcome({ state, result }: Outcome): ExitCode {
  if (state === 'succeeded' && result === null) return EXIT.failed;
  return exitCodeFor(state) ?? EXIT.failed;
}

/** `null` while the run goes on. */
export function exitCodeFor(state: VideoState): ExitCode | null {
  if (state === 'succeeded') return EXIT.done;
  if (state === 'failed') return EXIT.failed;
  if (state === 'cancelled') return EXIT.cancelled;
  return state === 'awaiting_decision' ? EXIT.awaitingDecision : null;
}
