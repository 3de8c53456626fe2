import { CliError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Ctrl-C, or SIGTERM. */
export class Interrupted extends CliError {}

/** npm passes a Ctrl-C on that the terminal has sent already: what comes within this time is the same one. */
const SAME_PRESS_MS = 500;

export interface Interruption {
  /** Aborted, with an `Interrupted` as its reason, by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** `promise`, or the interruption if that comes first. */
  orInterrupted<T>(promise: Promise<T>): Promise<T>;
}

/** From here on the first Ctrl-C (or SIGTERM) is ours to handle, and a second one ends the process at once. */
export function watchInterruption(message = 'Interrupted; nothing was started.'): Interruption {
  const controller = new AbortController();
  let firstAt: number | null = null;
  const interrupt = (exitCode: ExitCode) => () => {
    if (firstAt === null) {
      firstAt = performance.now();
      controller.abort(new Interrupted(exitCode, message));
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      process.exit(exitCode);
    }
  };
  process.on('SIGINT', interrupt(EXIT.interrupted));
  process.on('SIGTERM', interrupt(EXIT.terminated));
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
