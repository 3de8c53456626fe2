import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../support/dev-server.js';
import { startPrometheus, type Prometheus } from '../support/prometheus.js';
import { CLIP, completed, refusal, video } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';
import { readAlertRules } from './alert-rules.js';
import { queriesOf, readDashboard } from './dashboard-file.js';
import { withoutPrometheus } from './promtool.js';
import { repositoryPath } from './repository-file.js';

/** Two workers, a real Prometheus with our rules, and the questions that the dashboard asks. */

vi.setConfig({ testTimeout: 90_000 });

let rig: Rig;
let prometheus: Prometheus;
const workers: WorkerProcess[] = [];
const WITHIN = { timeout: 60_000, interval: 500 };

describe.skipIf(withoutPrometheus)('a real Prometheus', () => {
  beforeAll(async () => {
    rig = await startRig({ worker: false, script: { poll: ({ jobId }) => completed(jobId, 0.25) } });
    const addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    for (const LONGTAKE_METRICS_ADDRESS of addresses) {
      workers.push(await startWorkerProcess({ ...rig.environment, LONGTAKE_METRICS_ADDRESS }));
    }
    prometheus = await startPrometheus(repositoryPath('deploy/prometheus'), addresses);
  });
  afterAll(async () => {
    await prometheus.stop();
    await Promise.all(workers.map((worker) => worker.kill()));
    await rig.stop();
  });

  it('takes the rules, and can evaluate every one', async () => {
    await expect.poll(() => prometheus.alerts(), WITHIN).toEqual(readAlertRules().map(({ alert }) => alert));
  });

  it('sees both workers', async () => {
    await expect.poll(() => prometheus.query('count(up{job="longtake"} == 1)'), WITHIN).toMatchObject([{ value: 2 }]);
  });

  it('sees a run: its end, its bytes, its cost', async () => {
    await (await rig.start()).result();
    const sees = (query: string, value: number) =>
      expect.poll(() => prometheus.query(query), WITHIN).toMatchObject([{ value }]);
    await sees('sum(longtake_runs_total{end="succeeded"})', 1);
    await sees('sum(longtake_cost_usd_total)', 0.25);
    await sees('sum(longtake_downloaded_bytes_total)', CLIP.byteLength);
  });

  it('sees that a step of a run, here one of another release, fails again and again', async () => {
    const failing = () => prometheus.query(ruleOf('LongtakeStepsFailing'));
    expect(await failing()).toEqual([]);
    const unknown = { taskQueue: rig.taskQueue, workflowId: `unknown-${rig.taskQueue}` };
    const foreign = await rig.temporal.workflow.start('ofAnotherRelease', unknown);
    await expect.poll(failing, WITHIN).toHaveLength(1);
    await foreign.terminate();
  });

  it.each(queriesOf(readDashboard()))('answers the dashboard: %s', async (query) => {
    const asked = query.replaceAll('$__rate_interval', '1m');
    const ask = async (): Promise<number> => {
      await (await rig.start()).result();
      const samples = await prometheus.query(asked);
      return samples.filter(({ value }) => Number.isFinite(value)).length; // a quantile of nothing is no number
    };
    await expect.poll(ask, WITHIN).toBeGreaterThan(0);
  });
});

const ruleOf = (name: string): string => readAlertRules().find(({ alert }) => alert === name)?.expr ?? name;

describe.skipIf(withoutPrometheus)('a real Prometheus, when one lane alone runs and its Temporal is lost', () => {
  it('tells that nobody takes the other lane, and that Temporal cannot be reached, once it cannot', async () => {
    const single = await startRig({ worker: false });
    const proxy = await startTcpProxy(single.environment['TEMPORAL_ADDRESS'] ?? '');
    const address = `127.0.0.1:${await freePort()}`;
    const environment = { ...single.environment, TEMPORAL_ADDRESS: proxy.address, LONGTAKE_METRICS_ADDRESS: address };
    const control = await startWorkerProcess(environment, { flags: ['--lane', 'control'] });
    const watching = await startPrometheus(repositoryPath('deploy/prometheus'), [address]);
    onTestFinished(async () => {
      await watching.stop();
      await control.kill();
      await proxy.close();
      await single.stop();
    });
    const asked = (name: string) => watching.query(ruleOf(name));
    await expect
      .poll(() => asked('LongtakeNobodyPolls'), WITHIN)
      .toMatchObject([{ metric: { lane: 'downloads' }, value: 0 }]);
    expect(await asked('LongtakeTemporalUnreachable')).toEqual([]);
    proxy.cut();
    await expect
      .poll(() => asked('LongtakeTemporalUnreachable'), WITHIN)
      .toMatchObject([{ metric: { instance: address } }]);
  });
});

describe.skipIf(withoutPrometheus)('a real Prometheus, when a worker of the lane downloads lacks the key', () => {
  it('tells that this worker cannot read its downloads, and not of one that the provider refuses', async () => {
    const LONGTAKE_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    const single = await startRig({ worker: false, environment: { LONGTAKE_ENCRYPTION_KEY } });
    const { environment } = single;
    single.provider.script = {
      poll: ({ jobId }) => completed(jobId),
      content: ({ n }) => (n === 1 ? refusal(503, 'not now') : video()),
    };
    const [control, downloads] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const both = await startWorkerProcess({ ...environment, LONGTAKE_METRICS_ADDRESS: control });
    const watching = await startPrometheus(repositoryPath('deploy/prometheus'), [control, downloads]);
    const ended: (() => Promise<unknown>)[] = [() => watching.stop(), () => both.kill(), () => single.stop()];
    onTestFinished(async () => {
      for (const end of ended) await end();
    });
    const unread = () => watching.query(ruleOf('LongtakeDownloadsUnread'));

    await (await single.start()).result();
    const failed = 'sum(temporal_activity_execution_failed{activity_type="downloadVideo"})';
    await expect.poll(() => watching.query(failed), WITHIN).toMatchObject([{ value: 1 }]);
    expect(await unread()).toEqual([]);
    await both.terminate();

    const withKey = { ...environment, LONGTAKE_METRICS_ADDRESS: control };
    const without = { ...environment, LONGTAKE_METRICS_ADDRESS: downloads, LONGTAKE_ENCRYPTION_KEY: '' };
    const lanes = [
      await startWorkerProcess(withKey, { flags: ['--lane', 'control'] }),
      await startWorkerProcess(without, { flags: ['--lane', 'downloads'] }),
    ];
    ended.unshift(...lanes.map((lane) => () => lane.kill()));
    await single.start();
    await expect.poll(unread, WITHIN).toMatchObject([{ metric: { instance: downloads } }]);
  });
});
