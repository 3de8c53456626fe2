import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AttemptOver, type TemporalPort } from '../../src/activities/deps.js';
import { ModelCatalog } from '../../src/activities/model-catalog.js';
import type { SubmitMark } from '../../src/activities/submit-mark.js';
import { createSubmitVideo } from '../../src/activities/submit-video.js';
import { createOpenRouter } from '../../src/openrouter/client.js';
import { openVideoStore } from '../../src/storage/open-store.js';
import { refusal, startProvider, type Provider } from '../support/provider.js';

/** An operator may reset an activity, and then Temporal runs it again whatever its retry policy says. */
describe('a submit that is run again', () => {
  let provider: Provider;
  beforeAll(async () => {
    provider = await startProvider();
  });
  afterAll(() => provider.close());

  function again(heartbeatDetails: SubmitMark | undefined, asked: Partial<TemporalPort> = {}): Promise<unknown> {
    const openRouter = createOpenRouter({ baseUrl: provider.baseUrl, apiKey: 'sk-or-test' });
    const temporal: TemporalPort = {
      acknowledge: () => Promise.resolve(),
      announceSending: () => Promise.resolve(),
      announceNoJob: () => Promise.resolve(),
      mayHaveSent: () => Promise.resolve(false),
      isWanted: () => Promise.resolve(true),
      cancelRun: () => Promise.resolve(),
      reportLateJob: () => Promise.resolve(true),
      ownersOf: () => Promise.resolve([]),
      mayPay: () => Promise.resolve(true),
      isOfOneStart: () => Promise.resolve(true),
      jobsOf: () => Promise.resolve([]),
      ...asked,
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

  it('sends nothing where the run says that an attempt may have sent, and its mark was forgotten', async () => {
    const sent = again(undefined, { mayHaveSent: () => Promise.resolve(true) });
    await expect(sent).rejects.toMatchObject({ type: 'SubmissionUnknown', nonRetryable: true });
    expect(provider.submits).toHaveLength(0);
  });

  it('sends nothing on an answer that has become old, and takes its mark back', async () => {
    const marks: unknown[] = [];
    const now = performance.now.bind(performance);
    const held = vi.spyOn(performance, 'now');
    onTestFinished(() => {
      held.mockRestore();
    });
    const sent = again(undefined, {
      acknowledge: (mark) => {
        marks.push(mark);
        held.mockImplementation(() => now() + 6_000);
        return Promise.resolve();
      },
    });
    await expect(sent).rejects.toMatchObject({
      type: 'ProviderUnavailable',
      nonRetryable: false,
      message: expect.stringContaining('the worker was held up') as string,
    });
    expect(marks).toEqual([{ sending: true }, { sending: false }]);
    expect(provider.submits).toHaveLength(0);
  });

  it('sends where the earlier mark was taken back', async () => {
    await expect(again({ sending: false })).resolves.toHaveProperty('jobId');
    expect(provider.submits).toHaveLength(1);
  });

  it.each<[string, (mark: SubmitMark) => boolean, number | null]>([
    ['after a refusal', () => false, 7_000],
    ['after a refusal, where the server counts on it no more', ({ sending }) => !sending, 7_000],
    ['where it is over before its request leaves', () => true, null],
  ])('takes back its own word, and no other’s, %s', async (_, isOver, retryAfterMs) => {
    provider.script = { submit: () => refusal(429, 'slow down', { 'Retry-After': '7' }) };
    const announceSending = vi.fn<TemporalPort['announceSending']>(() => Promise.resolve());
    const announceNoJob = vi.fn<TemporalPort['announceNoJob']>(() => Promise.resolve());
    const sent = again(undefined, {
      acknowledge: (mark) => (isOver(mark as SubmitMark) ? Promise.reject(new AttemptOver('over')) : Promise.resolve()),
      announceSending,
      announceNoJob,
    });
    await expect(sent).rejects.toMatchObject({ type: 'ProviderUnavailable' });
    const [[run, attempt] = []] = announceSending.mock.calls;
    expect(attempt).toMatch(/^[0-9a-f-]{36}$/);
    expect(announceNoJob.mock.calls).toEqual([[run, attempt, retryAfterMs]]);
  });
});
