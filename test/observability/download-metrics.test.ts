import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { freePort } from '../support/dev-server.js';
import { metricsPage, samplesOf, type Samples } from '../support/metrics.js';
import { CLIP, completed, job, refusal, video } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

vi.setConfig({ testTimeout: 90_000 });

let rig: Rig;
let worker: WorkerProcess;
let metrics: string;

beforeAll(async () => {
  rig = await startRig({ worker: false });
  metrics = `127.0.0.1:${await freePort()}`;
  worker = await startWorkerProcess({ ...rig.environment, LONGTAKE_METRICS_ADDRESS: metrics });
});
afterAll(async () => {
  await worker.kill();
  await rig.stop();
});

async function samples(): Promise<Samples> {
  return samplesOf(await metricsPage(metrics));
}

it('starts from zero, so that the first of anything is seen to rise', async () => {
  expect(await samples()).toMatchObject({
    'longtake_polls_total{outcome="denied"}': 0,
    'longtake_submits_total{outcome="unknown"}': 0,
    'longtake_runs_total{end="StorageFailed"}': 0,
    longtake_downloaded_bytes_total: 0,
    longtake_downloads_in_flight: 0,
  });
});

it('counts polls by their answers, downloads by their ends, bytes once they are saved, and the time to a video', async () => {
  rig.provider.script = {
    poll: ({ n, jobId }) => [refusal(404, 'who?'), refusal(401, 'no'), refusal(500, 'oops')][n - 1] ?? completed(jobId),
    content: ({ n }) => (n === 1 ? refusal(503, 'not now') : video()),
  };
  await (await rig.start()).result();
  const counted = await samples();
  expect(counted).toMatchObject({
    'longtake_polls_total{outcome="missing"}': 1,
    'longtake_polls_total{outcome="denied"}': 1,
    'longtake_polls_total{outcome="trouble"}': 1,
    'longtake_polls_total{outcome="job"}': 1,
    longtake_poll_lag_seconds_count: 4,
    'longtake_download_duration_seconds_count{outcome="failed"}': 1,
    'longtake_download_duration_seconds_count{outcome="saved"}': 1,
    longtake_downloaded_bytes_total: CLIP.byteLength,
    longtake_downloads_in_flight: 0,
    'longtake_time_to_video_seconds_count{model="test/model"}': 1,
  });
  // Bounds of its own: the widest is no guess of the SDK's.
  expect(counted).toHaveProperty(['longtake_time_to_video_seconds_bucket{model="test/model",le="7200"}'], 1);
});

it('shows a download that is under way, and counts one that was cancelled as neither saved nor failed', async () => {
  rig.provider.script = { poll: ({ jobId }) => completed(jobId), content: () => null };
  const run = await rig.start();
  await expect.poll(samples, { timeout: 30_000 }).toMatchObject({ longtake_downloads_in_flight: 1 });
  await run.cancel();
  await expect(run.result()).rejects.toMatchObject({ type: 'Cancelled' });
  expect(await samples()).toMatchObject({
    longtake_downloads_in_flight: 0,
    'longtake_download_duration_seconds_count{outcome="stopped"}': 1,
    longtake_downloaded_bytes_total: CLIP.byteLength,
  });
});

it('shows how many runs are open in each state', async () => {
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const runs = await Promise.all([rig.start(), rig.start()]);
  for (const run of runs) await until(run, ({ state }) => state === 'generating');
  // Every 15 seconds Temporal is asked.
  await expect
    .poll(samples, { timeout: 45_000, interval: 250 })
    .toMatchObject({ 'longtake_open_runs{state="generating"}': 2, 'longtake_open_runs{state="downloading"}': 0 });
  await Promise.all(runs.map((run) => run.cancel()));
});
