import proto from '@temporalio/proto';
import type { Connection } from '@temporalio/client';
import type { Config } from '../../config.js';
import type { Description } from './task-queue.js';

const { WORKER_VERSIONING_MODE_VERSIONED } = proto.temporal.api.enums.v1.WorkerVersioningMode;

/** `null`: all workers without versioning, which are one more version to Temporal. */
export type Version = Config['workerVersion'];

/** A task queue, and of which versions the workers are that ask for its work. */
export interface Lane {
  readonly taskQueue: string;
  readonly versions: readonly Version[];
}

/** Which workers Temporal gives the runs to, and their downloads. */
export interface Routing {
  readonly current: Version;
  /** What was made current before any worker of it asked for work: the task queue has not heard of it. */
  readonly unseen: Version;
  /** Who gets a share of them instead. */
  readonly ramp: { readonly version: Version; readonly percentage: number } | null;
}

export async function routingOf(
  { versioningInfo }: Description,
  askDeployment: () => Promise<Version>,
): Promise<Routing> {
  const percentage = versioningInfo?.rampingVersionPercentage ?? 0;
  const current = asVersion(versioningInfo?.currentDeploymentVersion);
  return {
    current,
    unseen: current === null ? await askDeployment() : null,
    ramp: percentage > 0 ? { version: asVersion(versioningInfo?.rampingDeploymentVersion), percentage } : null,
  };
}

/** The current version by the deployment itself; `null` also where there is no such deployment. */
export async function currentOf(
  { workflowService }: Connection,
  deployment: { readonly namespace: string; readonly deploymentName: string },
): Promise<Version> {
  try {
    const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment(deployment);
    return asVersion(workerDeploymentInfo?.routingConfig?.currentDeploymentVersion);
  } catch {
    return null;
  }
}

export function versionOf({ deploymentOptions }: Description['pollers'][number]): Version {
  const isVersioned = deploymentOptions?.workerVersioningMode === WORKER_VERSIONING_MODE_VERSIONED;
  return isVersioned ? asVersion(deploymentOptions) : null;
}

export function isSame(one: Version, other: Version): boolean {
  return one?.deploymentName === other?.deploymentName && one?.buildId === other?.buildId;
}

/** The task queues where no worker of the version asks for work. */
export function queuesWithout(version: Version, lanes: readonly Lane[]): string[] {
  return lanes
    .filter(({ versions }) => !versions.some((there) => isSame(there, version)))
    .map(({ taskQueue }) => taskQueue);
}

function asVersion(given: { deploymentName?: string | null; buildId?: string | null } | null | undefined): Version {
  if (!given?.deploymentName || !given.buildId) return null;
  return { deploymentName: given.deploymentName, buildId: given.buildId };
}
