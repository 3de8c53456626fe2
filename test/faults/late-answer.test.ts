import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { accepted, completed } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** A worker that lost Temporal while the provider answered: it lives, and it alone knows of the job. */

vi.setConfig({ testTimeout: 150_000, hookTimeout: 60_000 });

let rig: Rig;
let proxy: TcpProxy;
const workers: WorkerProcess[] = [];
let answer: () => void = () => undefined;

beforeAll(async () => {
  const gate = new Promise<void>((resolve) => (answer = resolve));
  rig = await startRig({
    worker: false,
    script: {
      submit: async ({ json }) => {
        await gate;
        return accepted(`job of ${String(json['prompt'])}`);
      },
      poll: ({ jobId }) => completed(jobId),
    },
  });
  proxy = await startTcpProxy(rig.environment['TEMPORAL_ADDRESS'] ?? '');
});
afterAll(async () => {
  proxy.mend();
  await Promise.all(workers.map((worker) => worker.kill()));
  await proxy.close();
  await rig.stop();
});

async function startWorker(address?: string): Promise<WorkerProcess> {
  const worker = await startWorkerProcess({
    ...rig.environment,
    ...(address === undefined ? {} : { TEMPORAL_ADDRESS: address }),
  });
  workers.push(worker);
  return worker;
}

function start(prompt: string): Promise<LongtakeHandle> {
  return rig.start({ request: { model: 'test/model', prompt, duration: 4 } });
}

describe('a worker that cannot reach Temporal when the provider answers', () => {
  it('keeps the job until Temporal is back, and the run in doubt adopts it by itself', async () => {
    const cutOff = await startWorker(proxy.address);
    const [waiting, cancelled] = await Promise.all([start('one'), start('two')]);
    await expect.poll(() => rig.provider.submits.length, { timeout: 20_000 }).toBe(2);

    proxy.cut();
    answer();
    await cutOff.says(/is not recorded yet.*is not recorded yet/s);
    await startWorker();
    const inDoubt = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');
    await Promise.all([inDoubt(waiting), inDoubt(cancelled)]);
    await cancelled.cancel();
    await expect(cancelled.result()).rejects.toMatchObject({ type: 'Cancelled' });

    proxy.mend();
    expect((await waiting.result()).jobId).toBe('job of one');
    expect(rig.provider.submits).toHaveLength(2);
    // Nobody follows the other job any more: the log says how to get what was paid for.
    await cutOff.says(/came too late for its run, which is closed; to save its video: longtake adopt 'job of two'/);
  });
});
