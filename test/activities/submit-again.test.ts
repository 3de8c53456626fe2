import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TemporalPort } from '../../src/activities/deps.js';
import { ModelCatalog } from '../../src/activities/model-catalog.js';
import { createSubmitVideo, type SubmitMark } from '../../src/activities/submit-video.js';
import { createOpenRouter } from '../../src/openrouter/client.js';
import { openVideoStore } from '../../src/storage/open-store.js';
import { startProvider, type Provider } from '../support/provider.js';

/** An operator may reset an activity, and then Temporal runs it again whatever its retry policy says. */
describe('a submit that is run again', () => {
  let provider: Provider;
  beforeAll(async () => {
    provider = await startProvider();
  });
  afterAll(() => provider.close());

  function again(heartbeatDetails: SubmitMark | undefined): Promise<unknown> {
    const openRouter = createOpenRouter({ baseUrl: provider.baseUrl, apiKey: 'sk-or-test' });
    const temporal: TemporalPort = {
      acknowledge: () => Promise.resolve(),
      announceSending: () => Promise.resolve(),
      isWanted: () => Promise.resolve(true),
      cancelRun: () => Promise.resolve(),
      reportLateJob: () => Promise.resolve(true),
      ownersOf: () => Promise.resolve([]),
      mayPay: () => Promise.resolve(true),
      jobsOf: () => Promise.resolve([]),
    };
    const submitVideo = createSubmitVideo({
      openRouter,
      models: new ModelCatalog(openRouter),
      store: openVideoStore('./unused', { endpoint: null, forcePathStyle: false }),
      temporal,
      settings: { maxVideoBytes: 1, webhookUrl: null, searchAttributes: false },
    });
    const environment = new MockActivityEnvironment({ attempt: 2, heartbeatDetails });
    return environment.run(submitVideo, { request: { model: 'test/model', prompt: 'x' }, submitMs: 60_000 });
  }

  it('sends nothing after a mark: what the earlier attempt sent is unknown', async () => {
    await expect(again({ sending: true })).rejects.toMatchObject({ type: 'SubmissionUnknown', nonRetryable: true });
    expect(provider.submits).toHaveLength(0);
  });

  it('returns the job that an earlier attempt recorded', async () => {
    const job = { jobId: 'job-1', status: 'pending' };
    await expect(again({ sending: true, job })).resolves.toEqual(job);
    expect(provider.submits).toHaveLength(0);
  });

  it('sends where the earlier mark was taken back', async () => {
    await expect(again({ sending: false })).resolves.toHaveProperty('jobId');
    expect(provider.submits).toHaveLength(1);
  });
});
