import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { schemas } from '../../src/contract/index.js';
import { accepted, completed } from '../support/provider.js';
import { pythonWithTemporal } from '../support/python.js';
import { startRig, type Rig } from '../support/rig.js';

const SCRIPT = fileURLToPath(new URL('./by_names_alone.py', import.meta.url));

let rig: Rig;
let python: string;

beforeAll(async () => {
  python = await pythonWithTemporal();
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
