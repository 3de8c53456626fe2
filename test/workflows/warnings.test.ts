import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GenerateVideoInput, LongtakeHandle } from '../../src/client/index.js';
import { logLines, startRig, type Rig } from '../support/rig.js';

/** The clip has two seconds and 160x90 pixels. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  await rig.stop();
});

function request(more: Record<string, unknown>): Pick<GenerateVideoInput, 'request'> {
  return { request: { model: 'test/model', prompt: 'x', ...more } };
}

async function detailsOf({ workflowId }: LongtakeHandle): Promise<string> {
  const metadata = await rig.temporal.workflow.getHandle(workflowId).query<unknown>('__temporal_workflow_metadata');
  return JSON.stringify(metadata);
}

it('a video that is not what was asked for is saved, and a warning says so wherever people look', async () => {
  const run = await rig.start({
    ...request({ duration: 4, resolution: '720p', aspect_ratio: '16:9' }),
    output: 'w.mp4',
  });
  const { assets } = await run.result();
  expect(assets).toMatchObject([{ key: 'w.mp4', durationSeconds: 2, width: 160, height: 90 }]);
  const warnings = [
    'w.mp4 has 2 s instead of the 4 s asked for.',
    'w.mp4 is 160x90 instead of the 720p 16:9 asked for.',
  ];
  expect(await run.status()).toMatchObject({ state: 'succeeded', warnings, error: null });
  expect(await detailsOf(run)).toContain('**Warning**: w.mp4 has 2 s instead of the 4 s asked for.');
  const logged = () => logLines.map((line) => JSON.parse(line) as { msg?: string; level?: number; jobId?: string });
  for (const msg of warnings) {
    await expect
      .poll(logged, { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ msg, level: 40, jobId: 'job-1' }));
  }
});

it('a video that is what was asked for has no warning', async () => {
  const run = await rig.start(request({ aspect_ratio: '16:9' }));
  await run.result();
  expect(await run.status()).toMatchObject({ state: 'succeeded', warnings: [] });
});

it('of an adopted job nobody knows what was asked for', async () => {
  const run = await rig.start({ jobId: 'made-elsewhere' });
  await run.result();
  expect((await run.status()).warnings).toEqual([]);
});
