import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { GenerateVideoInput, LongtakeHandle } from '../../src/client/index.js';
import { completed, video } from '../support/provider.js';
import { logLines, startRig, type Rig } from '../support/rig.js';

/** The clip has two seconds and 160x90 pixels. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
beforeEach(() => {
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

function request(more: Record<string, unknown>): Pick<GenerateVideoInput, 'request'> {
  return { request: { model: 'test/model', prompt: 'x', ...more } };
}

async function expectLogged(msg: string, jobId: string): Promise<void> {
  const logged = () => logLines.map((line) => JSON.parse(line) as { msg?: string; level?: number; jobId?: string });
  await expect.poll(logged, { timeout: 20_000 }).toContainEqual(expect.objectContaining({ msg, level: 40, jobId }));
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
  for (const msg of warnings) await expectLogged(msg, 'job-1');
});

it('of a job with more videos than a run saves the first are saved, and a warning says so from the first of them on', async () => {
  const jobId = 'made-a-hundred-and-three';
  const id = `many-${rig.taskQueue}`;
  const shown: string[][] = [];
  rig.provider.script = {
    poll: () => completed(jobId, 0.12, 103),
    content: async ({ n }) => {
      if (n === 1) shown.push((await rig.client.handle(id).status()).warnings);
      return video();
    },
  };
  rig.provider.contents.length = 0;
  const run = await rig.start({ jobId, output: 'many.mp4' }, id);
  const { assets } = await run.result();
  expect(assets).toHaveLength(100);
  expect(assets.at(-1)?.key).toBe('many-99.mp4');
  expect(rig.provider.contents).toHaveLength(100);
  const warning = `The provider lists 103 videos; longtake saves the first 100 of a job. The others are at GET /videos/${jobId}/content, from index=100 on.`;
  expect(shown).toEqual([[warning]]);
  expect(await run.status()).toMatchObject({ state: 'succeeded', warnings: [warning] });
  await expectLogged(warning, jobId);
});

it('a job with as many videos as a run saves has no warning', async () => {
  const jobId = 'made-a-hundred';
  rig.provider.script = { poll: () => completed(jobId, 0.12, 100) };
  const run = await rig.start({ jobId });
  expect((await run.result()).assets).toHaveLength(100);
  expect((await run.status()).warnings).toEqual([]);
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
