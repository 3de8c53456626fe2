import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { accepted, CLIP, completed, job, video } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** A hundred downloads that hardly move must not hold up a submit or a poll. Times are those of the provider. */

const SLOW = 100;
const RUNS = 10;
const POLLS = 6;
const INTERVAL_MS = 500;
const POLLING = { initialInterval: INTERVAL_MS, maximumInterval: INTERVAL_MS, backoffCoefficient: 1 };

/** Enough for ten minutes of trickling: a movie with a `free` box of a mebibyte behind it. */
const LONG_CLIP = Buffer.concat([CLIP, Buffer.from([0, 0x10, 0, 0]), Buffer.from('free'), Buffer.alloc(2 ** 20 - 8)]);

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

/** When the provider was asked what, by job. */
interface Times {
  readonly startedAt: number;
  submittedAt: number;
  readonly polledAt: number[];
}

const seen = new Map<string, Times>();
/** The slow downloads under way, each with the way to finish it. */
const slow = new Map<ServerResponse, () => void>();
let rig: Rig;
let worker: WorkerProcess;

beforeAll(async () => {
  rig = await startRig({
    worker: false,
    environment: { LONGTAKE_MAX_CONCURRENT_DOWNLOADS: String(SLOW) },
    script: {
      submit: ({ json }) => {
        const name = String(json['prompt']);
        timesOf(name).submittedAt = performance.now();
        return accepted(name);
      },
      poll: ({ jobId }) => {
        if (jobId.startsWith('slow')) return completed(jobId);
        const { polledAt } = timesOf(jobId);
        polledAt.push(performance.now());
        return polledAt.length < POLLS ? job(jobId, 'in_progress') : completed(jobId);
      },
      content: ({ jobId, response }) => (jobId.startsWith('slow') ? trickle(response) : video()),
    },
  });
  worker = await startWorkerProcess(rig.environment);
});
afterAll(async () => {
  await worker.kill();
  await rig.stop();
});

function timesOf(name: string): Times {
  const times = seen.get(name);
  if (times === undefined) throw new Error(`nobody started ${name}`);
  return times;
}

/** Just quick enough not to be given up as dead (64 KiB a minute), until it is told to finish. */
function trickle(response: ServerResponse): null {
  let sent = 0;
  response.writeHead(200, { 'content-length': String(LONG_CLIP.length) });
  const timer = setInterval(() => response.write(LONG_CLIP.subarray(sent, (sent += 400))), 250);
  slow.set(response, () => {
    clearInterval(timer);
    response.end(LONG_CLIP.subarray(sent));
  });
  response.once('finish', () => slow.delete(response));
  return null;
}

/** Ten runs from their start to their last poll. */
async function measure(group: string): Promise<{ submitMs: number; pollMs: number }> {
  const names = Array.from({ length: RUNS }, (_, index) => `${group} ${index}`);
  for (const name of names) {
    seen.set(name, { startedAt: performance.now(), submittedAt: Number.NaN, polledAt: [] });
    await rig.start({ request: { model: 'test/model', prompt: name, duration: 4 }, polling: POLLING });
  }
  await vi.waitFor(
    () => {
      for (const name of names) expect(timesOf(name).polledAt).toHaveLength(POLLS);
    },
    { timeout: 60_000, interval: 100 },
  );
  const times = names.map(timesOf);
  return {
    submitMs: median(times.map(({ startedAt, submittedAt }) => submittedAt - startedAt)),
    pollMs: median(times.flatMap(({ polledAt }) => polledAt.slice(1).map((at, index) => at - (polledAt[index] ?? 0)))),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

it('submits and polls keep their schedule beside a hundred slow downloads', async () => {
  await measure('warm-up');
  const alone = await measure('alone');
  const downloads = [];
  for (let index = 0; index < SLOW; index++) downloads.push(await rig.start({ jobId: `slow ${index}` }));
  await vi.waitFor(
    () => {
      expect(slow.size).toBe(SLOW);
    },
    { timeout: 60_000, interval: 100 },
  );

  // Again where the machine was busy with something else: what waits for a download is late for as long as that lasts.
  let tries = 0;
  await vi.waitFor(
    async () => {
      const beside = await measure(`beside ${++tries}`);
      expect(slow.size, 'all downloads are still under way').toBe(SLOW);
      // Half an interval of patience: a poll that waited for a download would be late by all of it.
      expect(beside.pollMs).toBeLessThan(alone.pollMs + INTERVAL_MS / 2);
      expect(beside.submitMs).toBeLessThan(alone.submitMs + INTERVAL_MS);
    },
    { timeout: 400_000, interval: 1_000 },
  );

  for (const finish of slow.values()) finish();
  for (const download of downloads) expect((await download.result()).assets).toHaveLength(1);
});
