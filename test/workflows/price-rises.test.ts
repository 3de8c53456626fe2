import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { accepted, MODEL, refusal } from '../support/provider.js';
import { startRig, until, useQuietRuntime, type Rig } from '../support/rig.js';
import { startTimeSkipping } from '../support/time-skipping.js';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  useQuietRuntime();
  environment = await startTimeSkipping();
});
beforeEach(async () => {
  rig = await startRig({ address: environment.address });
});
afterEach(async () => {
  await rig.stop();
});
afterAll(async () => {
  await environment.teardown();
});

/** The worker remembers prices by a clock of its own. */
function skipInWorker(ms: number): void {
  const now = performance.now.bind(performance);
  const skipping = vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  onTestFinished(() => {
    skipping.mockRestore();
  });
}

it.each([
  ['0.03', 2],
  ['0.50', 1],
])('a request that is sent again after days costs $%s a second: %i are sent', async (price, sent) => {
  rig.provider.script = { submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : accepted('job-2')) };
  const handle = await rig.start({ maxCostUsd: 0.15 });
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await environment.sleep('2d');
  skipInWorker(2 * 24 * 60 * 60_000);
  const skus = { duration_seconds_without_audio_720p: price };
  rig.provider.script.models = () => ({ body: { data: [{ ...MODEL, pricing_skus: skus }] } });
  await handle.resolveSubmission({ action: 'resubmit' });
  const end = handle.result().catch((error: unknown) => error);
  expect(await end).toMatchObject(
    sent === 2
      ? { jobId: 'job-2' }
      : {
          type: 'BudgetExceeded',
          message: expect.stringMatching(
            /\$2\.00, over maxCostUsd 0\.15.* An earlier submit .* may exist and be billed/,
          ) as string,
        },
  );
  expect(rig.provider.submits).toHaveLength(sent);
});

it('a request that the provider refused for a day is sent again at no price above its budget either', async () => {
  rig.provider.script = {
    submit: ({ n }) => (n === 1 ? refusal(429, 'tomorrow', { 'retry-after': '86400' }) : accepted('job-2')),
  };
  const handle = await rig.start({ maxCostUsd: 0.15, timeouts: { submit: '3d' } });
  await expect.poll(() => rig.provider.submits.length, { timeout: 60_000 }).toBe(1);
  skipInWorker(24 * 60 * 60_000);
  const skus = { duration_seconds_without_audio_720p: '0.50' };
  rig.provider.script.models = () => ({ body: { data: [{ ...MODEL, pricing_skus: skus }] } });
  await environment.sleep('25h');
  await expect(handle.result()).rejects.toMatchObject({
    type: 'BudgetExceeded',
    message: expect.stringContaining('$2.00, over maxCostUsd 0.15') as string,
  });
  expect(rig.provider.submits).toHaveLength(1);
});
