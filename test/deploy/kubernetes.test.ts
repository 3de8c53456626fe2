import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config.js';
import { freePort } from '../support/dev-server.js';
import { metricFamilies } from '../support/metric-families.js';
import { metricsPage, samplesOf } from '../support/metrics.js';
import { startRig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';
import { isContractVariable } from './contract-variables.js';
import { readRepositoryFile, repositoryPath } from './repository-file.js';
import { runCommand } from './run-command.js';

const PATH = 'deploy/kubernetes/longtake.yaml';
const VALIDATOR = '1.37.0';
const KUBERNETES = '1.31';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Record<string, string>;
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly { readonly args: readonly string[]; readonly image: string }[];
}

interface Autoscaler {
  readonly metrics: readonly [
    {
      readonly pods: { readonly metric: { readonly name: string }; readonly target: { readonly averageValue: string } };
    },
  ];
}

const slotsOf = (taskQueue: string): string =>
  `temporal_worker_task_slots_available{namespace="default",task_queue="${taskQueue}-downloads",worker_type="ActivityWorker"}`;

const manifests = parseAllDocuments(readRepositoryFile(PATH)).map((document) => document.toJS() as Manifest);
const pods = manifests.flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.spec]));

/** From PyPI, with Kubernetes' own schemas inside; kept in this project's cache. */
function validator(): string {
  const folder = repositoryPath(`node_modules/.cache/longtake/kubernetes-validate-${VALIDATOR}`);
  const path = `${folder}/bin/kubernetes-validate`;
  if (existsSync(path)) return path;
  runCommand('python3', ['-m', 'venv', folder]);
  const { output } = runCommand(`${folder}/bin/pip`, ['install', '--quiet', `kubernetes-validate==${VALIDATOR}`]);
  if (!existsSync(path)) throw new Error(`pip installs no kubernetes-validate ${VALIDATOR}: ${output}`);
  return path;
}

describe(PATH, () => {
  it('holds to the schemas of Kubernetes, strictly', () => {
    const { status, output } = runCommand(validator(), ['--strict', '-k', KUBERNETES, repositoryPath(PATH)]);
    expect(output).not.toContain('ERROR');
    expect(status).toBe(0);
  });

  it('sets only variables that longtake reads', () => {
    const names = manifests.flatMap(({ data }) => Object.keys(data ?? {}));
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !isContractVariable(name))).toEqual([]);
  });

  it('runs each lane once, by a pinned image', () => {
    const containers = pods.flatMap((pod) => pod.containers);
    expect(containers.map(({ args }) => args.join(' '))).toEqual([
      'node dist/cli/main.js worker --lane control',
      'node dist/cli/main.js worker --lane downloads',
    ]);
    for (const { image } of containers) expect(image).toMatch(/:\d+\.\d+\.\d+$/);
  });

  it('gives workers more time to stop than they take', () => {
    const force = /SHUTDOWN_FORCE = '(\d+)s'/.exec(readRepositoryFile('src/worker/create-worker.ts'))?.[1];
    for (const pod of pods) expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(force));
  });

  it('scales by what a worker of that lane shows, at half of the downloads that it takes at once', async () => {
    const autoscaler = manifests.find(({ kind }) => kind === 'HorizontalPodAutoscaler')?.spec as unknown as Autoscaler;
    const [{ pods: measure }] = autoscaler.metrics;
    const rig = await startRig({ worker: false });
    const LONGTAKE_METRICS_ADDRESS = `127.0.0.1:${await freePort()}`;
    const worker = await startWorkerProcess(
      { ...rig.environment, LONGTAKE_METRICS_ADDRESS },
      { flags: ['--lane', 'downloads'] },
    );
    onTestFinished(async () => {
      await worker.kill();
      await rig.stop();
    });
    const slots = loadConfig({}).maxConcurrentDownloads;
    const page = () => metricsPage(LONGTAKE_METRICS_ADDRESS);
    await expect
      .poll(async () => samplesOf(await page()))
      .toMatchObject({ [measure.metric.name]: 0, [slotsOf(rig.taskQueue)]: slots });
    expect(metricFamilies(await page()).get(measure.metric.name)).toEqual({ kind: 'gauge', labels: [] });
    expect(Number(measure.target.averageValue)).toBe(slots / 2);
  });

  it('scales and guards what is there', () => {
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
    const [autoscaler] = manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
    const { scaleTargetRef } = autoscaler?.spec as unknown as { scaleTargetRef: { name: string } };
    expect(deployments).toContain(scaleTargetRef.name);
  });
});
