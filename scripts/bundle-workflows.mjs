// Part of the build: bundles the compiled workflow code once, so that no worker has to do it at its start.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const workflowsPath = fileURLToPath(new URL('../dist/workflows/index.js', import.meta.url));
const target = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));
const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };

const { code } = await bundleWorkflowCode({ workflowsPath, logger: quiet });
// Written only when it changed, and whole: workers may be reading it.
const before = await readFile(target, 'utf8').catch(() => null);
if (before !== code) await writeFile(target, code);
console.log(`dist/workflow-bundle.js  ${Math.round((await stat(target)).size / 1024)} KiB`);
