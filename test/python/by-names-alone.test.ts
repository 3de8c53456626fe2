import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { schemas } from '../../src/contract/index.js';
import { cacheDirectory } from '../../src/local/cache-directory.js';
import { accepted, completed } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';

const TEMPORALIO = '1.35.0';
const SCRIPT = fileURLToPath(new URL('./by_names_alone.py', import.meta.url));

let rig: Rig;
let python: string;

beforeAll(async () => {
  python = await virtualEnvironment();
  rig = await startRig({
    script: {
      submit: ({ json, request, n }) => {
        if (json['prompt'] !== 'lost') return accepted(`job-${n}`);
        request.socket.destroy();
        return null;
      },
      poll: ({ jobId }) => completed(jobId),
    },
  });
});
afterAll(async () => {
  await rig.stop();
});

it('is started, asked, cancelled and answered from Python by names alone', async () => {
  const arguments_ = [SCRIPT, rig.environment['TEMPORAL_ADDRESS'] ?? '', rig.taskQueue, rig.taskQueue];
  const { stdout } = await promisify(execFile)(python, arguments_);
  const seen = JSON.parse(stdout) as Record<string, unknown>;
  expect(schemas.GenerateVideoResult.safeParse(seen['result']).success).toBe(true);
  expect(schemas.VideoStatus.safeParse(seen['waiting']).success).toBe(true);
  expect(seen).toMatchObject({
    cancelled: 'CancelledError',
    refused: true,
    adopted: 'found',
    invalid: 'InvalidRequest',
  });
  expect(rig.provider.submits).toHaveLength(3);
});

/** Made once, and kept among the user's cached files; the mark says that the installation came to its end. */
async function virtualEnvironment(): Promise<string> {
  const home = join(cacheDirectory(), 'python', `temporalio-${TEMPORALIO}`);
  const executable = join(home, 'bin', 'python');
  const mark = join(home, 'installed');
  if (existsSync(mark)) return executable;
  await mkdir(home, { recursive: true });
  execFileSync('python3', ['-m', 'venv', '--clear', home], { stdio: 'inherit' });
  execFileSync(executable, ['-m', 'pip', 'install', '--quiet', `temporalio==${TEMPORALIO}`], { stdio: 'inherit' });
  await writeFile(mark, '');
  return executable;
}
