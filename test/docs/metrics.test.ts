import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAlertRules } from '../deploy/alert-rules.js';
import { queriesOf, readDashboard } from '../deploy/dashboard-file.js';
import { freePort } from '../support/dev-server.js';
import { metricFamilies, type MetricFamily } from '../support/metric-families.js';
import { metricsPage } from '../support/metrics.js';
import { refusal, video } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';
import { codeSpans, readPaper, sectionOf } from './papers.js';

vi.setConfig({ testTimeout: 90_000 });

let rig: Rig;
let worker: WorkerProcess;
let proxy: TcpProxy;
let families: ReadonlyMap<string, MetricFamily>;

/** What a worker shows that has saved one video at the second attempt, could not take a step of another release's run, and has lost Temporal once. */
beforeAll(async () => {
  rig = await startRig({ worker: false });
  const metrics = `127.0.0.1:${await freePort()}`;
  proxy = await startTcpProxy(rig.environment['TEMPORAL_ADDRESS'] ?? '');
  const environment = { ...rig.environment, TEMPORAL_ADDRESS: proxy.address, LONGTAKE_METRICS_ADDRESS: metrics };
  worker = await startWorkerProcess(environment);
  rig.provider.script = { content: ({ n }) => (n === 1 ? refusal(503, 'not now') : video()) };
  await (await rig.start()).result();
  const unknown = { taskQueue: rig.taskQueue, workflowId: `unknown-${rig.taskQueue}` };
  const foreign = await rig.temporal.workflow.start('ofAnotherRelease', unknown);
  await vi.waitUntil(async () => (await metricsPage(metrics)).includes('task_execution_failed{'), { timeout: 30_000 });
  await foreign.terminate();
  // Asked of Temporal at the worker's start, and not answered at once.
  await vi.waitUntil(async () => (await metricsPage(metrics)).includes('longtake_open_runs{'), { timeout: 30_000 });
  proxy.cut();
  await vi.waitUntil(async () => (await metricsPage(metrics)).includes('request_failure{'), { timeout: 30_000 });
  families = metricFamilies(await metricsPage(metrics));
});
afterAll(async () => {
  await worker.kill();
  await proxy.close();
  await rig.stop();
});

describe('docs/reference/metrics.md', () => {
  const { text } = readPaper('docs/reference/metrics.md');

  it('names every metric of longtake that a worker shows, its kind and its labels, and no other', () => {
    const rows = [...sectionOf(text, "## longtake's own").matchAll(/^\| `(longtake_\w+)` +\| (\w+) +\| (.*?) +\|/gm)];
    const documented = rows.map(([, name = '', kind, labels = '']) => [name, { kind, labels: codeSpans(labels) }]);
    const shown = [...families].filter(([name]) => name.startsWith('longtake_'));
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(shown));
  });

  it('names metrics of Temporal that there are', () => {
    const names = codeSpans(sectionOf(text, "## Temporal's")).filter((span) => span.startsWith('temporal_'));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect([...families.keys()]).toContain(name);
  });
});

/** Put on by who scrapes. */
const OF_PROMETHEUS = ['instance', 'job'];

describe('the dashboard and the alerts', () => {
  const queries = [...queriesOf(readDashboard()), ...readAlertRules().map(({ expr }) => expr)];

  it.each(queries)('ask for what a worker shows: %s', (query) => {
    const asked = [...query.matchAll(/\b((?:longtake|temporal)_\w+?)(_bucket|_count)?\b(?:\{([^}]*)\})?/g)];
    if (asked.length === 0) expect(query).toContain('up{job="longtake"}');
    for (const [, name = '', part, selector = ''] of asked) {
      const family = families.get(name);
      expect(family, name).toBeDefined();
      expect(family?.kind === 'histogram', `${name} is asked for as a histogram`).toBe(part !== undefined);
      for (const [, label] of selector.matchAll(/(\w+)[=!]/g))
        expect(family?.labels, `${name}{${label}}`).toContain(label);
      for (const [, by = ''] of query.matchAll(/by \(([^)]*)\)/g)) {
        for (const label of by.split(', '))
          expect([...(family?.labels ?? []), 'le', ...OF_PROMETHEUS], `${name} by ${label}`).toContain(label);
      }
    }
  });
});
