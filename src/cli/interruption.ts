import { CliError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Ctrl-C, SIGTERM, or a terminal that was closed (SIGHUP). */
export class Interrupted extends CliError {}

/** npm passes a Ctrl-C on that the terminal has sent already: what comes within this time is the same one. */
const SAME_PRESS_MS = 500;

export interface Interruption {
  /** Aborted, with an `Interrupted` as its reason, by the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** `promise`, or the interruption if that comes first. */
  orInterrupted<T>(promise: Promise<T>): Promise<T>;
}

/** From here on the first Ctrl-C (or SIGTERM, SIGHUP) is ours to handle, and a second one ends the process at once. */
export function watchInterruption(message = 'Interrupted; nothing was started.'): Interruption {
  const controller = new AbortController();
  let firstAt: number | null = null;
  const begin = (exitCode: ExitCode): void => {
    firstAt ??= performance.now();
    if (!controller.signal.aborted) controller.abort(new Interrupted(exitCode, message));
  };
  const interrupt = (exitCode: ExitCode) => () => {
    if (firstAt !== null && performance.now() - firstAt > SAME_PRESS_MS) process.exit(exitCode);
    begin(exitCode);
  };
  process.on('SIGINT', interrupt(EXIT.interrupted));
  process.on('SIGTERM', interrupt(EXIT.terminated));
  // A shell and its terminal both send it, and whoever ends a session sends it after SIGTERM: nobody is impatient.
  process.on('SIGHUP', () => {
    begin(EXIT.terminated);
  });
  const { signal } = controller;
  return { signal, orInterrupted: (promise) => Promise.race([promise, rejectionOf(signal)]) };
}

/** Rejects with the signal's reason. */
async function rejectionOf(signal: AbortSignal): Promise<never> {
  await untilAborted(signal);
  throw signal.reason;
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
