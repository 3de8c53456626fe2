import { CallEnded } from './network-problem.js';

export interface Deadline {
  /** Aborts with `CallEnded`. */
  readonly signal: AbortSignal;
  /**
   * The work's result, or a rejection as soon as the deadline passes: undici itself lets an aborted request wait for its
   * connection.
   * @throws CallEnded
   */
  within<T>(work: () => Promise<T>): Promise<T>;
  /** Stops the clock and lets go of the caller's signal. */
  readonly end: () => void;
}

/** A timer that is so much too late was held up with its process, and what has come meanwhile is read first, for so long. */
const LATE_MS = 1_000;
const READING_MS = 2_000;

/**
 * A signal that ends a call after `ms` in total, or when the caller's own signal does. Held by hand, because Node 20 can
 * collect an `AbortSignal.any` over `AbortSignal.timeout` before it fires.
 */
export function startDeadline(ms: number, callerSignal?: AbortSignal): Deadline {
  const controller = new AbortController();
  const onCallerAbort = (): void => {
    controller.abort(new CallEnded('the call was ended before the answer came'));
  };
  const startedAt = performance.now();
  const pass = (): void => {
    controller.abort(new CallEnded(`no whole answer came within ${ms / 1000} s`));
  };
  let timer = setTimeout(() => {
    if (performance.now() - startedAt < ms + LATE_MS) pass();
    else timer = setTimeout(pass, READING_MS);
  }, ms);
  const passed = rejection(controller.signal);
  if (callerSignal?.aborted === true) onCallerAbort();
  callerSignal?.addEventListener('abort', onCallerAbort, { once: true });
  return {
    signal: controller.signal,
    within: async (work) => {
      controller.signal.throwIfAborted();
      return await Promise.race([work(), passed]);
    },
    end: () => {
      clearTimeout(timer);
      callerSignal?.removeEventListener('abort', onCallerAbort);
    },
  };
}

function rejection(signal: AbortSignal): Promise<never> {
  const passed = new Promise<never>((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
  passed.catch(() => undefined); // nobody may be waiting
  return passed;
}
