import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '@temporalio/worker';

const BUNDLE = 'workflow-bundle.js';
const ENCRYPTED_BUNDLE = 'workflow-bundle-encrypted.js';

/**
 * The workflow code a worker runs: the bundle that the build made, or, among the sources, the sources themselves
 * (bundled at start, which takes a second or two). How failures are written is part of the code, so with encryption it is
 * another bundle.
 */
export function workflowSource(
  encrypted: boolean,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  const codePath = fileURLToPath(new URL(`../${encrypted ? ENCRYPTED_BUNDLE : BUNDLE}`, import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: sourceOf('index'), interceptors: { workflowModules: [sourceOf('query-ahead')] } };
}

function sourceOf(name: string): string {
  const compiled = fileURLToPath(new URL(`../workflows/${name}.js`, import.meta.url));
  return existsSync(compiled) ? compiled : compiled.replace(/\.js$/, '.ts');
}
