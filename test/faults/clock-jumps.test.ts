import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { accepted, CLIP, completed, job } from '../support/provider.js';
import { compilePreload } from '../support/preload.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** The time of day of the worker's machine jumps, as it does when somebody sets the clock. Paid jobs notice nothing. */

const HOUR_SECONDS = 3_600;

const preload = await compilePreload(fileURLToPath(new URL('./wrong-clock.c', import.meta.url)));

let rig: Rig;
let worker: WorkerProcess;

afterEach(async () => {
  await worker.kill();
  await rig.stop();
});
afterAll(async () => {
  await preload?.remove();
});

async function start(clock: string): Promise<void> {
  rig = await startRig({ worker: false });
  worker = await startWorkerProcess({
    ...rig.environment,
    LD_PRELOAD: preload?.library ?? '',
    CLOCK_OFF_BY: clock,
  });
}

/** Whole or not at all: the worker looks at any time. */
async function setOffBy(clock: string, seconds: number): Promise<void> {
  await writeFile(`${clock}.new`, String(seconds));
  await rename(`${clock}.new`, clock);
}

/** By how much the worker's last line of log is off. */
function logOffBySeconds(): number {
  const last = worker.lines().trim().split('\n').at(-1) ?? '';
  const { time } = JSON.parse(last) as { readonly time: string | number };
  return (new Date(time).getTime() - Date.now()) / 1_000;
}

describe.skipIf(preload === null)('a clock that jumps (needs a C compiler)', () => {
  it.each([
    ['forward', HOUR_SECONDS],
    ['back', -HOUR_SECONDS],
  ])(
    'an hour %s at each step of a run, and to and fro: one submit, polls at their pace, a whole video',
    async (_, jump) => {
      const clock = join(preload?.directory ?? '', `off-by-${jump}`);
      await start(clock);
      let isDone = false;
      rig.provider.script = {
        submit: async ({ n }) => {
          await setOffBy(clock, jump);
          return accepted(`job-${n}`);
        },
        poll: ({ jobId }) => (isDone ? completed(jobId) : job(jobId, 'in_progress')),
        content: async ({ response }) => {
          response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': String(CLIP.length) });
          response.write(CLIP.subarray(0, 1_000));
          await setOffBy(clock, jump);
          response.end(CLIP.subarray(1_000));
          return null;
        },
      };
      const handle = await rig.start();
      const { polls } = await until(handle, (status) => status.polls > 3);
      await setOffBy(clock, 0);
      await until(handle, (status) => status.polls > polls + 3);
      isDone = true;

      const { assets, submittedAt, completedAt } = await handle.result();
      expect(assets).toEqual([expect.objectContaining({ bytes: CLIP.length })]);
      expect(rig.provider.submits).toHaveLength(1);
      expect(rig.provider.contents).toHaveLength(1);
      const tookMs = Date.parse(completedAt) - Date.parse(submittedAt ?? '');
      expect(Math.abs(tookMs)).toBeLessThan((HOUR_SECONDS / 2) * 1_000);
      expect(Math.abs(logOffBySeconds() - jump)).toBeLessThan(HOUR_SECONDS / 2); // it did jump
    },
  );
});
