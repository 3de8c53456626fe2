import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { longtake } from '../cli/cli-process.js';
import { freePort, startDevServer, type DevServer } from '../support/dev-server.js';
import { accepted, refusal } from '../support/provider.js';
import { scrape } from '../support/metrics.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** A run that waits for a person is seen wherever a person may look, also after the worker that asked has died. */

vi.setConfig({ testTimeout: 90_000 });

const GAUGE = 'longtake_runs_awaiting_decision';
/** The gauge is looked up every 15 seconds. */
const SEEN_WITHIN = { timeout: 45_000, interval: 250 };

/** Its own: a list fails as a whole where somebody else's runs are encrypted. */
let server: DevServer;
let rig: Rig;
let worker: WorkerProcess;
let metrics: string;
let handle: LongtakeHandle;

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'));
  rig = await startRig({
    worker: false,
    address: server.address,
    script: { submit: ({ json }) => (json['prompt'] === 'lost' ? refusal(500, 'oops') : accepted('fine')) },
  });
  metrics = `127.0.0.1:${await freePort()}`;
  worker = await startWorker();
  await (await rig.start()).result();
  handle = await rig.start({ request: { model: 'test/model', prompt: 'lost', duration: 4, resolution: '720p' } });
  await until(handle, ({ state }) => state === 'awaiting_decision');
});
afterAll(async () => {
  await worker.kill();
  await rig.stop();
  await server.stop();
});

async function startWorker(): Promise<WorkerProcess> {
  return await startWorkerProcess({ ...rig.environment, LONGTAKE_METRICS_ADDRESS: metrics });
}

function cli(...args: string[]) {
  return longtake(args, { cwd: rig.storage, env: rig.environment });
}

function answers(id: string): string[] {
  return [
    `longtake resolve --adopt JOB_ID ${id}`,
    `longtake resolve --resubmit ${id}`,
    `longtake resolve --abandon ${id}`,
  ];
}

describe('a run that awaits a decision', () => {
  it('is in the list, alone', async () => {
    const list = async (): Promise<unknown> => {
      const { code, stdout } = await cli('list', '--state', 'awaiting_decision', '--limit', '1000', '--json');
      expect(code).toBe(0);
      expect(stdout).not.toContain('succeeded');
      return (JSON.parse(stdout) as { id: string }[]).filter(({ id }) => id === handle.workflowId);
    };
    // Temporal's list is a moment behind.
    await expect
      .poll(list, SEEN_WITHIN)
      .toMatchObject([{ state: 'awaiting_decision', model: 'test/model', jobId: null, costUsd: null }]);
  });

  it.each([
    ['status', 0],
    ['wait', 5],
  ])('is told by %s, with what it may cost and the three answers, and exit code %i', async (command, exitCode) => {
    const { code, stdout, stderr } = await cli(command, handle.workflowId);
    expect(code).toBe(exitCode);
    expect(stdout + stderr).toContain('A paid job may exist');
    expect(stdout + stderr).toContain('It may have cost $0.12.');
    for (const answer of answers(handle.workflowId)) expect(stderr).toContain(answer);
  });

  it('is in Temporal’s UI: what happened, since when, what it may cost, and the three answers', async () => {
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    const { currentDetails } = await raw.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toMatch(/^\*\*awaiting_decision\*\* since \d{4}-\d\d-\d\dT/);
    expect(currentDetails).toContain('**SubmissionUnknown**');
    expect(currentDetails).toContain('It may have cost \\$0.12.');
    for (const answer of answers(handle.workflowId)) expect(currentDetails).toContain(`\`${answer}\``);
  });

  it('costs nothing while it waits: no timer, no activity', async () => {
    const { events } = await rig.temporal.workflow.getHandle(handle.workflowId).fetchHistory();
    const last = (events ?? []).at(-1);
    expect((events ?? []).some((event) => (event.timerStartedEventAttributes ?? null) !== null)).toBe(false);
    expect(
      last?.workflowTaskCompletedEventAttributes ?? last?.upsertWorkflowSearchAttributesEventAttributes,
    ).toBeTruthy();
  });

  it('is in the metrics, also after the worker that asked was killed, and no longer once it is answered', async () => {
    await expect
      .poll(() => scrape(metrics), SEEN_WITHIN)
      .toMatchObject({
        'longtake_submits_total{outcome="unknown"}': 1,
        [GAUGE]: 1,
      });
    await worker.kill();
    worker = await startWorker();
    await expect.poll(() => scrape(metrics), SEEN_WITHIN).toMatchObject({ [GAUGE]: 1 });
    expect((await cli('resolve', '--abandon', handle.workflowId)).code).toBe(0);
    await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
    await expect.poll(() => scrape(metrics), SEEN_WITHIN).toMatchObject({ [GAUGE]: 0 });
  });
});
