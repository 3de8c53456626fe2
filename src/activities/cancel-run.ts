import { activityInfo } from '@temporalio/activity';
import type { ActivityDeps, RunRef } from './deps.js';

export function createCancelRun({ temporal }: ActivityDeps) {
  /**
   * Asks the server to cancel the run that asks: the `cancel` signal's way onto the one path that ends Canceled. Not the run that is
   * named, which after a reset is the one before it.
   */
  return async function cancelRun(named: RunRef): Promise<void> {
    await temporal.cancelRun(activityInfo().workflowExecution ?? named);
  };
}
