import type proto from '@temporalio/proto';
import type { Config } from '../../config.js';
import { shellWord } from '../../contract/commands.js';
import { versionName } from '../version-name.js';
import type { Finding } from './finding.js';

type Version = NonNullable<Config['workerVersion']>;

interface TaskQueue {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly found: proto.temporal.api.workflowservice.v1.IDescribeTaskQueueResponse;
}

/**
 * Whether Temporal gives runs to such workers as this configuration makes. It decides that by the current version of the
 * deployment, which only a person or their tools set; where it is another one, workers poll and nothing comes.
 */
export function checkVersioning(mine: Version | null, queue: TaskQueue): Finding {
  const subject = 'versioning';
  const current = currentOf(queue);
  if (mine === null) {
    if (current === null) return { status: 'ok', subject, text: 'off' };
    const text = `off here, but Temporal gives the runs of ${queue.taskQueue} to ${versionName(current)}: workers without LONGTAKE_WORKER_VERSIONING get none. To let them: ${command(queue, current.deploymentName, '--unversioned')}`;
    return { status: 'note', subject, text };
  }
  const name = versionName(mine);
  const toMakeCurrent = command(queue, mine.deploymentName, `--build-id ${shellWord(mine.buildId)}`);
  if (current === null) {
    // Before the first worker there is no version yet to be made the current one.
    const status = (queue.found.pollers ?? []).length > 0 ? 'fail' : 'note';
    return { status, subject, text: `no version is current, so ${name} gets no run. To let it: ${toMakeCurrent}` };
  }
  if (versionName(current) === name) return { status: 'ok', subject, text: `${name} is current` };
  return {
    status: 'note',
    subject,
    text: `${versionName(current)} is current; ${name} gets ${shareOf(name, queue)}. To give it all runs: ${toMakeCurrent}`,
  };
}

function currentOf({ found: { versioningInfo } }: TaskQueue): Version | null {
  return asVersion(versioningInfo?.currentDeploymentVersion);
}

function shareOf(name: string, { found: { versioningInfo } }: TaskQueue): string {
  const ramping = asVersion(versioningInfo?.rampingDeploymentVersion);
  const percentage = versioningInfo?.rampingVersionPercentage ?? 0;
  return ramping !== null && versionName(ramping) === name ? `${percentage} % of the runs` : 'no run';
}

function asVersion(
  given: { deploymentName?: string | null; buildId?: string | null } | null | undefined,
): Version | null {
  if (!given?.deploymentName || !given.buildId) return null;
  return { deploymentName: given.deploymentName, buildId: given.buildId };
}

function command({ namespace }: TaskQueue, deploymentName: string, version: string): string {
  const where = namespace === 'default' ? '' : ` --namespace ${shellWord(namespace)}`;
  return `temporal worker deployment set-current-version${where} --yes --deployment-name ${shellWord(deploymentName)} ${version}`;
}
