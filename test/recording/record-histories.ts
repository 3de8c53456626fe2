import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, inject, it, onTestFinished } from 'vitest';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { HISTORIES } from '../support/histories.js';
import { startRig, useQuietRuntime, type Rig } from '../support/rig.js';
import { startTimeSkipping } from '../support/time-skipping.js';
import { SCENARIOS, type Stage } from './scenarios.js';

/**
 * Records one history for each way a run can go: `npm run histories`. Run it once per release, before the code changes;
 * a history that exists is never recorded again, since it stands for the release that made it.
 */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface RecordedEvent {
  readonly workflowExecutionStartedEventAttributes: { originalExecutionRunId: string };
}

let server: DevServer;

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'), {
    flags: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=80'],
  });
  await mkdir(HISTORIES, { recursive: true });
});
afterAll(async () => {
  await server.stop();
});

async function setStage(skipsTime: boolean): Promise<Stage> {
  useQuietRuntime();
  const skipping = skipsTime ? await startTimeSkipping() : null;
  const rig = await startRig({ address: skipping?.address ?? server.address });
  onTestFinished(async () => {
    await rig.provider.close(); // a request that it never answers would hold the worker up
    await rig.stop();
    await skipping?.teardown();
  });
  return { rig, skip: async (duration) => skipping?.sleep(duration) };
}

it.each(Object.entries(SCENARIOS))('records %s', async (name, { script = {}, input = {}, story, skipsTime }) => {
  const stage = await setStage(skipsTime === true);
  const { rig } = stage;
  rig.provider.script = script;
  const handle = await rig.start(input, name);
  const { runId } = await handle.status();
  await story?.(handle, stage);
  await handle.result().catch(() => undefined);
  const last = await handle.status();
  await record(rig, name, name, runId);
  if (last.runId !== runId) await record(rig, `${name}-last-run`, name, last.runId);
});

async function record({ environment }: Rig, what: string, workflowId: string, runId: string): Promise<void> {
  const show = ['workflow', 'show', '--workflow-id', workflowId, '--run-id', runId, '--output', 'json'];
  const at = ['--address', environment['TEMPORAL_ADDRESS'] ?? ''];
  const { events } = JSON.parse(execFileSync(inject('temporalCli'), [...show, ...at], { encoding: 'utf8' })) as {
    events: RecordedEvent[];
  };
  // A replay takes the run's id from here, and Temporal's Reset leaves that of the run before.
  const [started] = events;
  if (started !== undefined) started.workflowExecutionStartedEventAttributes.originalExecutionRunId = runId;
  const file = join(HISTORIES, `${version}-${what}.json`);
  // Stack traces name the place of the checkout, and identities the machine, which is nobody's business.
  const whole = JSON.stringify({ workflowId, events });
  const history = whole.replaceAll(ROOT, '/longtake/').replaceAll(`@${hostname()}`, '@host');
  await writeFile(file, `${history}\n`, { flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}
