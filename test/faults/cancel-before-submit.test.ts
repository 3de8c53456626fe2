import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { accepted, MODEL, refusal } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';

/** Temporal runs a refused submit again by itself. A cancel that it accepted meanwhile comes first, however late the run hears of it. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
beforeEach(() => {
  rig.provider.submits.length = 0;
});
afterAll(async () => {
  await rig.stop();
});

const CANCELS: Readonly<Record<string, (handle: LongtakeHandle) => Promise<unknown>>> = {
  'the signal': (handle) => handle.cancel('no more money'),
  'Temporal’s own Cancel': ({ workflowId }) => rig.temporal.workflow.getHandle(workflowId).cancel(),
};

it.each(Object.entries(CANCELS))('nothing is paid after %s that came while no worker was there', async (_, cancel) => {
  rig.provider.script = {
    submit: ({ n }) => (n === 1 ? refusal(429, 'busy', { 'retry-after': '2' }) : accepted(`job-${n}`)),
  };
  const first = await startWorkerProcess(rig.environment);
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits).toHaveLength(1);
  await expect.poll(async () => (await handle.status()).error?.message).toContain('busy'); // the refusal is on record
  await first.kill();
  await cancel(handle);
  const second = await startWorkerProcess(rig.environment);
  await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  expect(rig.provider.submits).toHaveLength(1);
  await second.kill();
});

it.each(Object.entries(CANCELS))(
  'nothing is paid after %s that came while the price was looked at',
  async (_, cancel) => {
    let answer: () => void = () => undefined;
    const lists: unknown[] = [];
    rig.provider.script = {
      submit: ({ n }) => (n === 1 ? refusal(429, 'busy', { 'retry-after': '2' }) : accepted(`job-${n}`)),
    };
    const first = await startWorkerProcess(rig.environment);
    const handle = await rig.start({ maxCostUsd: 5 });
    await expect.poll(() => rig.provider.submits).toHaveLength(1);
    await expect.poll(async () => (await handle.status()).error?.message).toContain('busy');
    await first.kill();
    rig.provider.script = {
      ...rig.provider.script,
      models: async () => {
        lists.push(null);
        await new Promise<void>((resolve) => (answer = resolve));
        return { body: { data: [MODEL] } };
      },
    };
    const second = await startWorkerProcess(rig.environment);
    await expect.poll(() => lists).toHaveLength(1);
    await cancel(handle);
    answer();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    expect(rig.provider.submits).toHaveLength(1);
    await second.kill();
  },
);
