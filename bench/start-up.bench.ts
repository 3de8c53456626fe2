import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject, it, vi } from 'vitest';
import { startRig } from '../test/support/rig.js';
import { startWorkerProcess } from '../test/support/worker-process.js';
import { figure, median } from './figures.js';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const BARE_WORKER = fileURLToPath(new URL('bare-worker.mjs', import.meta.url));
const ROUNDS = 5;

it('worker: from the process’s start to polling, beside Temporal’s SDK alone', async () => {
  const rig = await startRig({ worker: false });
  const seconds: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    const worker = await startWorkerProcess(rig.environment);
    seconds.push((performance.now() - startedAt) / 1000);
    await worker.terminate();
    bare.push(await bareSeconds(rig.environment));
  }
  figure(`worker start to polling, median of ${ROUNDS}`, median(seconds), 's', 'aim: at most 1');
  figure('the same for a bare worker of the SDK', median(bare), 's');
  await rig.stop();
});

/** The SDK's worker with the same workflow code, and nothing else: what no worker in Node can be faster than. */
async function bareSeconds(environment: Readonly<Record<string, string>>): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [BARE_WORKER], { env: { ...environment } });
  return Number(stdout) / 1000;
}

it('the first video: everything around a simulated generation', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-bench-'));
  const generation = 3;
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    const flags = ['generate', '--local', '--example', '--simulated-generation', `${generation}s`];
    const env = { PATH: process.env['PATH'], TEMPORAL_CLI_PATH: inject('temporalCli') };
    await promisify(execFile)(process.execPath, [MAIN, ...flags], { cwd: folder, env });
    seconds.push((performance.now() - startedAt) / 1000 - generation);
    // A server that has nobody left stops a second later, and a new one waits for that.
    await vi.waitUntil(() => !existsSync(join(folder, '.longtake/simulator/host.json')), { timeout: 30_000 });
  }
  figure(`npm start beyond the generation, median of ${ROUNDS}`, median(seconds), 's', 'aim: at most 5');
  await rm(folder, { recursive: true, force: true });
});
