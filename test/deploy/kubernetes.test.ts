import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
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

  it('scales and guards what is there', () => {
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
    const [autoscaler] = manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
    const { scaleTargetRef } = autoscaler?.spec as unknown as { scaleTargetRef: { name: string } };
    expect(deployments).toContain(scaleTargetRef.name);
  });
});
