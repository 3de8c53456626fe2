import type { ActivityDeps, RunRef } from './deps.js';

export function createCancelRun({ temporal }: ActivityDeps) {
  /** Asks the server to cancel a run: the `cancel` signal's way onto the one path that ends Canceled. */
  return async function cancelRun(run: RunRef): Promise<void> {
    await temporal.cancelRun(run);
  };
}
