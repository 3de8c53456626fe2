import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject, it } from 'vitest';
import { startRig } from '../test/support/rig.js';
import { startWorkerProcess } from '../test/support/worker-process.js';
import { figure, median } from './figures.js';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const ROUNDS = 5;

it('worker: from the process’s start to polling', async () => {
  const rig = await startRig({ worker: false });
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    const worker = await startWorkerProcess(rig.environment);
    seconds.push((performance.now() - startedAt) / 1000);
    await worker.terminate();
  }
  figure(`worker start to polling, median of ${ROUNDS}`, median(seconds), 's', 'aim: at most 1');
  await rig.stop();
});

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
  }
  figure(`npm start beyond the generation, median of ${ROUNDS}`, median(seconds), 's', 'aim: at most 5');
  await rm(folder, { recursive: true, force: true });
});
