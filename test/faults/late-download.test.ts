import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { box } from '../media/boxes.js';
import { CLIP, completed, video } from '../support/provider.js';
import { startRig } from '../support/rig.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { startWorkerProcess } from '../support/worker-process.js';

/** Whole as well, and another file. */
const OTHER = Buffer.concat([CLIP, box('free', Buffer.alloc(100))]);

// The server misses a worker after half a minute.
vi.setConfig({ testTimeout: 240_000 });

it('an attempt that was cut off from Temporal does not replace what its successor has saved', async () => {
  let answerFirst: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (answerFirst = resolve));
  const rig = await startRig({
    worker: false,
    script: {
      poll: ({ jobId }) => completed(jobId),
      content: async ({ n }) => {
        if (n > 1) return video(CLIP);
        await gate;
        return video(OTHER);
      },
    },
  });
  const proxy = await startTcpProxy(rig.environment['TEMPORAL_ADDRESS'] ?? '');
  const late = await startWorkerProcess({ ...rig.environment, TEMPORAL_ADDRESS: proxy.address });
  try {
    const run = await rig.start({ overwrite: true, output: 'x.mp4' });
    await vi.waitUntil(() => rig.provider.contents.length === 1, { timeout: 60_000 });
    proxy.cut();
    await rig.startWorker();
    const { assets } = await run.result();
    const sha256 = createHash('sha256').update(CLIP).digest('hex');
    expect(assets).toMatchObject([{ key: 'x.mp4', sha256 }]);

    answerFirst();
    await late.says(/the server did not confirm a heartbeat/);
    expect(await readdir(rig.storage)).toHaveLength(2);
    proxy.mend();
    await vi.waitUntil(async () => (await readdir(rig.storage)).length === 1, { timeout: 60_000 });
    expect(await readFile(path.join(rig.storage, 'x.mp4'))).toEqual(CLIP);
    expect(rig.provider.submits).toHaveLength(1);
  } finally {
    await late.kill();
    await proxy.close();
    await rig.stop();
  }
});
