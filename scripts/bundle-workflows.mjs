// Part of the build: bundles the compiled workflow code once, so that no worker has to do it at its start.
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const workflowsPath = fileURLToPath(new URL('../dist/workflows/index.js', import.meta.url));
const interceptors = fileURLToPath(new URL('../dist/workflows/query-ahead.js', import.meta.url));
const failureConverterPath = fileURLToPath(new URL('../dist/encryption/failure-converter.cjs', import.meta.url));
const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };

/** @param {string} name @param {Partial<import('@temporalio/worker').BundleOptions>} options */
async function bundle(name, options) {
  const target = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [interceptors],
    logger: quiet,
    ...options,
  });
  // Written only when it changed, and whole: workers may be reading it.
  const before = await readFile(target, 'utf8').catch(() => null);
  if (before !== code) await writeFile(target, code);
  else await utimes(target, new Date(), new Date()); // how is-built.mjs knows that the build came to its end
  console.log(`dist/${name}  ${Math.round((await stat(target)).size / 1024)} KiB`);
}

await bundle('workflow-bundle.js', {});
// For workers that encrypt: the same workflows, but the messages of their failures are payloads.
await bundle('workflow-bundle-encrypted.js', { failureConverterPath });
