import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LongtakeClient, type LongtakeHandle } from '../../src/client/index.js';
import { completed, job, refusal } from '../support/provider.js';
import { startRig, useQuietRuntime, type Rig } from '../support/rig.js';
import { startTimeSkipping } from '../support/time-skipping.js';

const GUIDE = { model: 'test/model', prompt: 'a greenhouse', duration: 4, resolution: '720p' };

describe('the schedule of the video guide, on a clock that skips', () => {
  let environment: TestWorkflowEnvironment;
  let rig: Rig;
  let client: LongtakeClient;

  beforeAll(async () => {
    useQuietRuntime();
    environment = await startTimeSkipping();
    rig = await startRig({ address: environment.address });
    // The environment's own client lets time skip while it waits for a result.
    client = new LongtakeClient({ client: environment.client, taskQueue: rig.taskQueue });
  });
  beforeEach(() => {
    rig.provider.submits.length = 0;
    rig.provider.polls.length = 0;
  });
  afterAll(async () => {
    await rig.stop();
    await environment.teardown();
  });

  it('polls 60 times, never more than 33 s apart, and ends as PollingExhausted naming the job', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await client.start({ request: GUIDE, polling: { timeout: '1h' } }, { id: 'never-ready' });
    await expect(handle.result()).rejects.toMatchObject({
      type: 'PollingExhausted',
      jobId: 'job-1',
      message: expect.stringContaining('job-1') as string,
    });
    expect(rig.provider.polls).toHaveLength(60);
    const elapsed = await waitedMs(handle);
    expect(elapsed).toBeGreaterThan(60 * 24_000);
    expect(elapsed).toBeLessThan(60 * 33_000);
  });

  it('ends within the default half hour, whichever of its two bounds is met first', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'pending') };
    const handle = await client.start({ request: GUIDE }, { id: 'never-ready-by-default' });
    await expect(handle.result()).rejects.toMatchObject({ type: 'PollingExhausted' });
    expect(rig.provider.polls.length).toBeGreaterThan(50);
    expect(rig.provider.polls.length).toBeLessThanOrEqual(60);
    expect(await waitedMs(handle)).toBeLessThan(31 * 60_000);
  });

  it('saves a video that is finished at the very last poll', async () => {
    rig.provider.script = { poll: ({ n, jobId }) => (n < 60 ? job(jobId, 'in_progress') : completed(jobId)) };
    const result = await client.generate({ request: GUIDE, polling: { timeout: '1h' } }, { id: 'last-minute' });
    expect(result.polls).toBe(60);
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('looks three times more, soon, after an event that its poll did not confirm, and again after the next', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const polling = { initialInterval: '12h', maximumInterval: '12h', timeout: '10 days' };
    const handle = await client.start({ request: GUIDE, polling }, { id: 'event-too-early' });
    await expect.poll(async () => (await handle.status()).jobId).toBe('job-1');
    const tell = () =>
      environment.client.workflow.getHandle(handle.workflowId).signal('providerEvent', {
        jobId: 'job-1',
        status: 'completed',
      });
    await tell();
    await expect.poll(() => rig.provider.polls.length).toBe(1);
    await tell(); // the same once more: it is being looked after
    await environment.sleep('2 minutes');
    expect(rig.provider.polls).toHaveLength(4);
    await environment.sleep('2 hours');
    expect(rig.provider.polls).toHaveLength(4);
    rig.provider.script = { poll: ({ jobId }) => completed(jobId) };
    await tell();
    expect((await handle.result()).polls).toBe(5);
  });

  it('takes no poll from the schedule, and no patience with 404s, for an event', async () => {
    rig.provider.script = { poll: ({ n }) => refusal(n < 5 ? 404 : 503, 'not now') };
    const polling = { initialInterval: '12h', maximumInterval: '12h', maximumAttempts: 2, timeout: '10 days' };
    const handle = await client.start({ request: GUIDE, polling }, { id: 'event-and-bounds' });
    await expect.poll(async () => (await handle.status()).jobId).toBe('job-1');
    const run = environment.client.workflow.getHandle(handle.workflowId);
    for (const status of ['completed', 'expired', 'failed']) {
      await run.signal('providerEvent', { jobId: 'job-1', status });
    }
    await expect(handle.result()).rejects.toMatchObject({ type: 'PollingExhausted' });
    expect(await waitedMs(handle)).toBeGreaterThan(20 * 3_600_000);
    expect(rig.provider.polls.length).toBeGreaterThanOrEqual(6); // one for the events, three soon after it, two of the schedule
  });

  it('looks at a job again, however often in vain, when another event tells of it', async () => {
    rig.provider.script = { submit: () => ({ status: 500 }), poll: () => refusal(503, 'away') };
    const handle = await client.start({ request: GUIDE }, { id: 'told-again' });
    await expect.poll(async () => (await handle.status()).state).toBe('awaiting_decision');
    const tell = () =>
      environment.client.workflow
        .getHandle(handle.workflowId)
        .signal('providerEvent', { jobId: 'late', status: 'completed' });
    await tell();
    await expect.poll(() => rig.provider.polls.length).toBe(1);
    for (let n = 0; n < 8; n++) await environment.sleep('2 minutes');
    await expect.poll(() => rig.provider.polls.length).toBe(20);
    rig.provider.script.poll = ({ jobId }) => completed(jobId);
    await tell();
    expect((await handle.result()).jobId).toBe('late');
  });

  it('waits for days for a decision, without doing anything', async () => {
    rig.provider.script = { submit: () => ({ status: 500 }) };
    const handle = await client.start({ request: GUIDE }, { id: 'patient' });
    await expect.poll(async () => (await handle.status()).state).toBe('awaiting_decision');
    await environment.sleep('3 days');
    expect((await handle.status()).state).toBe('awaiting_decision');
    expect(rig.provider.submits).toHaveLength(1);
    await handle.resolveSubmission({ action: 'abandon' });
    await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
  });
});

/** Workflow time from the submit to the end. */
async function waitedMs(handle: LongtakeHandle): Promise<number> {
  const { submittedAt, completedAt } = await handle.status();
  return Date.parse(completedAt ?? '') - Date.parse(submittedAt ?? '');
}
