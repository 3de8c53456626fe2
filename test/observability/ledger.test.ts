import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { longtake } from '../cli/cli-process.js';
import { freePort } from '../support/dev-server.js';
import { accepted, completed, job, refusal, type Handler } from '../support/provider.js';
import { scrape, type Samples } from '../support/metrics.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

vi.setConfig({ testTimeout: 90_000 });

let rig: Rig;
let metrics: string;
const workers: WorkerProcess[] = [];

beforeEach(async () => {
  rig = await startRig({ worker: false });
  metrics = `127.0.0.1:${await freePort()}`;
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await rig.stop();
});

async function startWorker(more: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorkerProcess({ ...rig.environment, LONGTAKE_METRICS_ADDRESS: metrics, ...more });
  workers.push(worker);
  return worker;
}

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly ledger?: Record<string, unknown>;
}

function ledgerOf(...from: WorkerProcess[]): Line[] {
  return from
    .flatMap((worker) => worker.lines().split('\n'))
    .filter((line) => line.includes('"ledger":'))
    .map((line) => JSON.parse(line) as Line);
}

/** What was counted; how many runs await a decision is not counted but looked up. */
async function totals(): Promise<Samples> {
  const samples = Object.entries(await scrape(metrics));
  return Object.fromEntries(samples.filter(([name]) => name.includes('_total')));
}

const byPrompt =
  (handlers: Record<string, Handler>): Handler =>
  (call) =>
    (handlers[String(call.json['prompt'])] ?? (() => accepted(String(call.json['prompt']))))(call);

function start(prompt: string) {
  return rig.start({ request: { model: 'test/model', prompt, duration: 4, resolution: '720p' } });
}

describe('the ledger', () => {
  it('has one record and one count for every end, with what was submitted and what it cost', async () => {
    rig.provider.script = {
      submit: byPrompt({
        poor: () => refusal(402, 'no credits'),
        lost: ({ request }) => {
          request.socket.destroy();
          return null;
        },
      }),
      poll: ({ jobId }) => {
        if (jobId === 'fails') return job(jobId, 'failed', { usage: { cost: 0.07 } });
        if (jobId === 'dear') return completed(jobId, 0.2);
        if (jobId === 'secretive') return completed(jobId, null);
        return jobId === 'endless' ? job(jobId, 'in_progress') : completed(jobId, 0.1);
      },
    };
    const worker = await startWorker();
    const names = ['fine', 'too', 'dear', 'secretive', 'poor', 'fails', 'lost', 'endless'] as const;
    const runs = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await start(name)] as const)));
    await until(runs['lost'] ?? fail(), ({ state }) => state === 'awaiting_decision');
    await runs['lost']?.resolveSubmission({ action: 'abandon' });
    await until(runs['endless'] ?? fail(), ({ state }) => state === 'generating');
    await runs['endless']?.cancel();
    await Promise.allSettled(Object.values(runs).map((run) => run.result()));
    await (await rig.start({ jobId: 'fine', output: 'again.mp4' })).result();

    const records = ledgerOf(worker);
    expect(records).toHaveLength(names.length + 1);
    expect(Object.keys(records[0]?.ledger ?? {})).toEqual(
      expect.arrayContaining([
        'workflowId',
        'runId',
        'end',
        'model',
        'jobId',
        'submits',
        'costUsd',
        'estimatedCostUsd',
      ]),
    );
    const of = (jobId: string) =>
      records.filter(({ ledger }) => ledger?.['jobId'] === jobId).map((line) => line.ledger);
    const ofRun = (name: string) => records.find(({ ledger }) => ledger?.['workflowId'] === runs[name]?.workflowId);
    expect(of('too')).toMatchObject([
      { end: 'succeeded', model: 'test/model', submits: ['accepted'], adopted: false, costUsd: 0.1, files: 1 },
    ]);
    expect(of('fine')).toMatchObject([{ adopted: false }, { adopted: true, submits: [], costUsd: 0.1 }]);
    expect(of('fails')).toMatchObject([{ end: 'VideoFailed', costUsd: 0.07, files: 0, bytes: 0 }]);
    expect(of('secretive')).toMatchObject([{ end: 'succeeded', costUsd: null }]);
    expect(of('endless')).toMatchObject([{ end: 'cancelled', submits: ['accepted'], costUsd: null }]);
    expect(ofRun('poor')?.ledger).toMatchObject({ end: 'InsufficientCredits', submits: ['refused'], jobId: null });
    expect(ofRun('lost')?.ledger).toMatchObject({ end: 'SubmissionAbandoned', submits: ['unknown'], jobId: null });
    expect(ofRun('dear')).toMatchObject({
      level: 'warn',
      msg: expect.stringContaining('above the estimate') as string,
    });
    expect(ofRun('too')).toMatchObject({ level: 'info', msg: 'run ended' });

    expect(await totals()).toEqual({
      'longtake_submits_total{outcome="accepted"}': 6,
      'longtake_submits_total{outcome="refused"}': 1,
      'longtake_submits_total{outcome="unknown"}': 1,
      'longtake_runs_total{end="succeeded"}': 5,
      'longtake_runs_total{end="InsufficientCredits"}': 1,
      'longtake_runs_total{end="VideoFailed"}': 1,
      'longtake_runs_total{end="SubmissionAbandoned"}': 1,
      'longtake_runs_total{end="cancelled"}': 1,
      // 0.1 + 0.1 + 0.2 + 0.07; what was adopted had been counted, and what is not known is not counted as nothing.
      'longtake_cost_usd_total{model="test/model"}': 0.47,
    });
  });

  it('tells of a bill above the estimate wherever the cost is shown', async () => {
    rig.provider.script = { poll: ({ jobId }) => completed(jobId, 0.2) };
    const worker = await startWorker();
    const handle = await start('dear');
    expect(await handle.result()).toMatchObject({ costUsd: 0.2, estimatedCostUsd: 0.12 });
    expect(ledgerOf(worker)).toMatchObject([{ level: 'warn', ledger: { costUsd: 0.2, estimatedCostUsd: 0.12 } }]);
    const words = '$0.20, above the estimate of $0.12';
    const cli = (command: string) => longtake([command, handle.workflowId], { cwd: rig.storage, env: rig.environment });
    expect((await cli('status')).stdout).toContain(words);
    expect((await cli('wait')).stderr).toContain(words);
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    const { currentDetails } = await raw.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain('cost: `$0.20`, above the estimate of `$0.12`');
  });

  it('counts nothing again when another worker replays a run', async () => {
    let done = false;
    rig.provider.script = { poll: ({ jobId }) => (done ? completed(jobId, 0.1) : job(jobId, 'in_progress')) };
    const first = await startWorker();
    const handle = await start('replayed');
    await until(handle, ({ polls }) => polls >= 2);
    await first.kill();
    const second = await startWorker();
    done = true;
    await handle.result();
    expect(ledgerOf(first, second)).toHaveLength(1);
    expect(await totals()).toEqual({
      'longtake_runs_total{end="succeeded"}': 1,
      'longtake_cost_usd_total{model="test/model"}': 0.1,
    });
  });

  it('counts once when the last workflow task is run twice', async () => {
    const proxy = await startTcpProxy(rig.environment['TEMPORAL_ADDRESS'] ?? '');
    try {
      let asked = 0;
      rig.provider.script.poll = ({ jobId }) => {
        asked += 1;
        // The end is known to the worker, and cannot be told to Temporal before its workflow task has timed out.
        if (asked === 1) for (const wire of proxy.connections) wire.hold('toServer');
        return job(jobId, 'failed', { usage: { cost: 0.07 } });
      };
      const worker = await startWorker({ TEMPORAL_ADDRESS: proxy.address });
      const handle = await start('twice');
      await worker.says(/"ledger":/);
      const raw = rig.temporal.workflow.getHandle(handle.workflowId);
      const hasTimedOut = async () =>
        (await raw.fetchHistory()).events?.some(
          (event) => (event.workflowTaskTimedOutEventAttributes ?? null) !== null,
        );
      await expect.poll(hasTimedOut, { timeout: 60_000, interval: 250 }).toBe(true);
      for (const wire of proxy.connections) wire.release();
      await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed' });
      expect(asked).toBeGreaterThan(1);
      expect(ledgerOf(worker)).toHaveLength(1);
      expect(await totals()).toEqual({
        'longtake_submits_total{outcome="accepted"}': 1,
        'longtake_runs_total{end="VideoFailed"}': 1,
        'longtake_cost_usd_total{model="test/model"}': 0.07,
      });
    } finally {
      await proxy.close();
    }
  });
});

function fail(): never {
  throw new Error('there is no such run');
}
