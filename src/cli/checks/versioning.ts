import { shellWord } from '../../contract/commands.js';
import { commandHere } from '../command-here.js';
import { versionName } from '../version-name.js';
import type { Finding } from './finding.js';
import { isSame, queuesWithout, type Lane, type Routing, type Version } from './routing.js';

export interface VersioningView {
  readonly namespace: string;
  /** Of this configuration. */
  readonly mine: Version;
  readonly routing: Routing;
  /** Both. */
  readonly lanes: readonly Lane[];
}

/**
 * Whether Temporal gives runs to such workers as this configuration makes, and whether those that it gives them to are
 * there. It decides by the current version of the deployment, which only a person or their tools set; where it is another
 * one, workers poll and nothing comes.
 */
export function checkVersioning(view: VersioningView): Finding {
  const subject = 'versioning';
  const { mine, routing, lanes } = view;
  if (routing.unseen !== null) return currentWithoutWorkers(routing.unseen, view);
  const known = [mine, routing.current, routing.ramp?.version ?? null, ...polledOf(view)];
  if (known.every((version) => version === null)) return { status: 'ok', subject, text: 'off' };
  const state = stateOf(view);
  const wait = waitOf(view);
  if (wait !== null) return { status: 'fail', subject, text: `${state}. ${wait}` };
  if (isSame(mine, routing.current)) return { status: 'ok', subject, text: state };
  const next =
    queuesWithout(mine, lanes).length === 0
      ? `To give all runs to ${workersOf(mine)}: ${toMakeCurrent(mine, view)}`
      : `Before you give them any, start ${workersOf(mine)} for both lanes: ${commandHere('longtake worker')}`;
  return { status: 'note', subject, text: `${state}. ${next}` };
}

/** The task queues learn of a version from the first worker of it that asks; until then they know of none. */
function currentWithoutWorkers(version: NonNullable<Version>, view: VersioningView): Finding {
  const isServed = queuesWithout(null, view.lanes).length === 0;
  const meanwhile = isServed ? `runs go to ${workersOf(null)}` : 'runs wait';
  const state = `${versionName(version)} is current, but no worker of it has asked for work yet, so ${meanwhile}`;
  return {
    status: isServed ? 'note' : 'fail',
    subject: 'versioning',
    text: `${state}. Start ${workersOf(version)} for both lanes${instead(view)}`,
  };
}

function stateOf({ mine, routing: { current, ramp } }: VersioningView): string {
  const isServed = [current, ...(ramp === null ? [] : [ramp.version])].some((version) => isSame(version, mine));
  const whole = current === null ? 'no version is current' : `${versionName(current)} is current`;
  const own = mine === null ? `${workersOf(mine)} get none` : `${versionName(mine)} gets no run`;
  return [
    mine === null && current !== null ? `off here, but ${whole}` : whole,
    ...(isServed ? [] : [current === null ? `so ${own}` : own]),
    ...(ramp === null ? [] : [`${ramp.percentage} % of the runs go to ${workersOf(ramp.version)}`]),
  ].join('; ');
}

/** Which runs wait for workers that are not there, and what to do; `null`: none. */
function waitOf(view: VersioningView): string | null {
  const { current, ramp } = view.routing;
  // Without any version, nobody there is a matter of the workers alone.
  const isUsed = current !== null || polledOf(view).some((version) => version !== null);
  const missing = isUsed ? missingOf(current, view) : null;
  if (missing !== null) return `${missing}, so runs wait. Start them for both lanes${instead(view)}`;
  const share = ramp === null ? null : missingOf(ramp.version, view);
  if (ramp === null || share === null) return null;
  return `${share}, so these runs wait. Start them for both lanes, or end the ramp: ${toEndRamp(ramp.version, view)}`;
}

function missingOf(version: Version, { lanes }: VersioningView): string | null {
  const queues = queuesWithout(version, lanes);
  return queues.length === 0 ? null : `No ${workersOf(version)} ask for work on ${queues.join(' and ')}`;
}

function instead(view: VersioningView): string {
  const { mine, routing, lanes } = view;
  const ready = [mine, ...polledOf(view)].find(
    (version) => !isSame(version, routing.current) && queuesWithout(version, lanes).length === 0,
  );
  return ready === undefined ? '' : `, or give all runs to ${workersOf(ready)}: ${toMakeCurrent(ready, view)}`;
}

function polledOf({ lanes }: VersioningView): Version[] {
  return lanes.flatMap(({ versions }) => versions);
}

function workersOf(version: Version): string {
  return version === null ? 'workers without LONGTAKE_WORKER_VERSIONING' : `workers of ${versionName(version)}`;
}

function toMakeCurrent(version: Version, view: VersioningView): string {
  return command('set-current-version', version, view);
}

function toEndRamp(version: Version, view: VersioningView): string {
  return `${command('set-ramping-version', version, view)} --delete`;
}

function command(name: string, version: Version, { namespace, routing: { current } }: VersioningView): string {
  const where = namespace === 'default' ? '' : ` --namespace ${shellWord(namespace)}`;
  // Workers without versioning take the place of the deployment's current version.
  const deployment = shellWord((version ?? current)?.deploymentName ?? '');
  const which = version === null ? '--unversioned' : `--build-id ${shellWord(version.buildId)}`;
  return `temporal worker deployment ${name}${where} --yes --deployment-name ${deployment} ${which}`;
}
