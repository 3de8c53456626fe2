import type { WorkerOptions } from '@temporalio/worker';
import type { Config } from '../config.js';

/**
 * Temporal's worker versioning: which release gets the runs is decided by whoever sets the deployment's current version.
 * Runs move along with it, since every release replays the histories of those before it; pinned to the release that
 * began them, they would need its workers for as long as anybody takes to decide. See docs/decisions/0017-worker-versioning.md.
 */
export function versioning(version: Config['workerVersion']): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === null) return {};
  return {
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  };
}
