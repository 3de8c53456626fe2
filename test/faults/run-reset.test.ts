import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { SCENARIOS } from '../recording/scenarios.js';
import { accepted, completed, job, refusal } from '../support/provider.js';
import { completedTasks, resetTo } from '../support/reset-run.js';
import { startRig, until, withDefaults, type Rig } from '../support/rig.js';

/** Temporal's UI has a Reset button on every run. It makes a new run of the old one's beginning, and must not pay again. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.submits.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

/** Polls go on for as long as the test looks, however slow the machine. */
const PATIENT = { polling: { initialInterval: '200ms', maximumInterval: '200ms', maximumAttempts: 100_000 } } as const;

const awaiting = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');

/** The run waits at its end, and takes the answer in it, so that Temporal applies the answer again in the run it makes. */
async function taskThatWasAnswered({ workflowId }: LongtakeHandle, at: Rig = rig) {
  const events = (await at.temporal.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
  const answer = events.findLast(
    ({ workflowExecutionUpdateAcceptedEventAttributes: it }) => it !== null && it !== undefined,
  );
  const isTask = ({ eventId }: { eventId?: unknown }) => String(eventId) === String(Number(answer?.eventId) - 1);
  return events.find(isTask)?.eventId;
}

/** A run whose request is at the provider, which says nothing until `answer` lets it. */
async function withSubmitUnderWay(
  job: string,
): Promise<{ readonly handle: LongtakeHandle; readonly answer: () => void }> {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  rig.provider.script = {
    submit: async ({ n }) => {
      if (n === 1) await answered;
      return accepted(`${job}-${n}`);
    },
    poll: ({ jobId }) => (jobId === `${job}-1` ? completed(jobId) : refusal(404, 'no such job')),
  };
  const handle = await rig.start();
  await expect.poll(() => rig.provider.submits.length).toBe(1);
  return {
    handle,
    answer: () => {
      answer();
    },
  };
}

async function resetToStart(handle: LongtakeHandle): Promise<void> {
  const [first] = await completedTasks(rig, handle);
  await resetTo(rig, handle, first);
}

/** Lists lag behind the runs, and what a reset run knows of the one before comes from a list. */
async function untilListed({ workflowId }: LongtakeHandle, jobId: string): Promise<void> {
  const query = `WorkflowId = '${workflowId}' AND LongtakeJobId = '${jobId}'`;
  await expect.poll(() => rig.temporal.workflow.count(query)).toMatchObject({ count: 1 });
}

describe('a run that is reset', () => {
  it('to its very beginning asks before it pays again, and names the job there was', async () => {
    rig.provider.script = {
      submit: ({ n }) => accepted(`job-${n}`),
      poll: ({ jobId }) => (jobId === 'job-1' ? job(jobId, 'failed') : completed(jobId)),
    };
    const handle = await rig.start();
    await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed' });
    await untilListed(handle, 'job-1');

    await resetToStart(handle);
    const { error } = await awaiting(handle);
    expect(error?.message).toMatch(/Reset took this run back .* It had job job-1\. A paid job may exist/);
    expect(error?.message).toContain('In doubt is the submit of the run before the reset.');
    expect(rig.provider.submits).toHaveLength(1);

    await handle.resolveSubmission({ action: 'resubmit' });
    expect((await handle.result()).jobId).toBe('job-2');
    expect(rig.provider.submits).toHaveLength(2);

    // Once it is saved, its own file stands in the way before anything is asked.
    await resetToStart(handle);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'OutputConflict',
      message: expect.stringMatching(/may be billed, and what is under the key may be its video\./) as string,
    });
    expect(rig.provider.submits).toHaveLength(2);
  });

  it('and told to submit again takes no event’s word that the job before is its own', async () => {
    rig.provider.script = {
      submit: ({ n }) => (n === 1 ? accepted('first-1') : refusal(500, 'who knows')),
      poll: ({ jobId }) => (jobId === 'first-1' ? job(jobId, 'failed') : completed(jobId)),
    };
    const handle = await rig.start();
    await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed' });
    await untilListed(handle, 'first-1');
    await resetToStart(handle);
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await until(handle, ({ error }) => /Also in doubt/.test(error?.message ?? ''));
    for (const jobId of ['first-1', 'second-2']) {
      await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', { jobId, status: 'completed' });
    }
    expect((await handle.result()).jobId).toBe('second-2');
    expect((await handle.status()).warnings[0]).toContain('the submit of the run before the reset');
  });

  it('knows the job that it had before from that of an earlier start of its id', async () => {
    let isDone = false;
    rig.provider.script = {
      submit: ({ n }) => accepted(n === 1 ? 'earlier-start' : 'before-reset'),
      poll: ({ jobId }) => (jobId === 'earlier-start' || isDone ? completed(jobId) : job(jobId, 'failed')),
    };
    const { workflowId } = await rig.start();
    const handle = rig.client.handle(workflowId);
    await handle.result();
    const args = [withDefaults({ output: 'second-start.mp4' })];
    await rig.temporal.workflow.start('generateVideo', { workflowId, taskQueue: rig.taskQueue, args });
    const second = rig.client.handle(workflowId);
    await expect(second.result()).rejects.toMatchObject({ type: 'VideoFailed' });
    for (const jobId of ['earlier-start', 'before-reset']) await untilListed(second, jobId);

    await resetToStart(second);
    const { error } = await awaiting(second);
    expect(error?.message).toContain('It had job before-reset. A paid job');
    isDone = true;
    for (const jobId of ['earlier-start', 'before-reset']) {
      await rig.temporal.workflow.getHandle(workflowId).signal('providerEvent', { jobId, status: 'completed' });
    }
    await until(second, ({ state }) => state === 'succeeded');
    expect(await second.status()).toMatchObject({ jobId: 'before-reset' });
    expect(rig.provider.submits).toHaveLength(2);
  });

  it('while its submit is under way asks, although the server itself runs the activity again', async () => {
    const { handle, answer } = await withSubmitUnderWay('asked');
    const before = await completedTasks(rig, handle);
    await rig.temporal.workflow
      .getHandle(handle.workflowId)
      .signal('providerEvent', { jobId: 'x', status: 'completed' });
    await expect.poll(() => completedTasks(rig, handle)).not.toHaveLength(before.length);

    await resetTo(rig, handle, (await completedTasks(rig, handle)).at(-1));
    await awaiting(handle);
    answer();
    await handle.resolveSubmission({ action: 'adopt', jobId: 'asked-1' });
    expect((await handle.result()).jobId).toBe('asked-1');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('to before an answer of a person’s asks again: what they allowed was allowed once', async () => {
    rig.provider.script = {
      submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : accepted(`allowed-${n}`)),
      poll: ({ jobId }) => job(jobId, 'pending'),
    };
    const handle = await rig.start(PATIENT);
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await until(handle, ({ state }) => state === 'generating');

    await resetTo(rig, handle, await taskThatWasAnswered(handle));
    await until(handle, ({ error }) => /Reset took this run back/.test(error?.message ?? ''));
    expect(rig.provider.submits).toHaveLength(2);
    await handle.resolveSubmission({ action: 'resubmit' });
    expect(await until(handle, ({ state }) => state === 'generating')).toMatchObject({ jobId: 'allowed-3' });
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  });

  it('to before an answer, and then that run to before the same answer, asks each time', async () => {
    rig.provider.script = { submit: () => refusal(500, 'who knows') };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await until(handle, ({ error }) => /Also in doubt/.test(error?.message ?? ''));
    for (const time of ['first', 'second']) {
      const { runId } = await handle.status();
      await resetTo(rig, handle, await taskThatWasAnswered(handle));
      await until(
        handle,
        (status) => status.runId !== runId && /Reset took this run back/.test(status.error?.message ?? ''),
      );
      expect(rig.provider.submits, time).toHaveLength(2);
    }
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  });

  it('to before an answer takes another one, which it refuses, for no permission', async () => {
    const own = await startRig();
    onTestFinished(() => own.stop());
    own.provider.script = { submit: () => refusal(500, 'who knows'), poll: () => refusal(404, 'no such job') };
    const handle = await own.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await until(handle, ({ error }) => /Also in doubt/.test(error?.message ?? ''));
    await own.worker?.stop();
    await resetTo(own, handle, await taskThatWasAnswered(handle, own));
    const refused = expect(handle.resolveSubmission({ action: 'adopt', jobId: 'mistyped' })).rejects.toMatchObject({
      message: expect.stringContaining('knows no job mistyped') as string,
    });
    await own.startWorker();
    await refused;
    await until(handle, ({ error }) => /Reset took this run back/.test(error?.message ?? ''));
    expect(own.provider.submits).toHaveLength(2);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
  });

  it.each(['resubmit', 'abandon'] as const)(
    'into its question names the job that it had before, when it is answered with %s',
    async (action) => {
      rig.provider.script = {
        submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : accepted(`again-${n}`)),
        poll: ({ jobId }) => job(jobId, 'pending'),
      };
      const handle = await rig.start(PATIENT);
      await awaiting(handle);
      const asked = (await completedTasks(rig, handle)).at(-1);
      await handle.resolveSubmission({ action: 'resubmit' });
      await until(handle, ({ state }) => state === 'generating');
      await untilListed(handle, 'again-2');

      await resetTo(rig, handle, asked);
      await awaiting(handle);
      await handle.resolveSubmission({ action }).catch(() => undefined);
      if (action === 'resubmit') {
        await until(handle, ({ error }) => /had job again-2/.test(error?.message ?? ''));
        expect(rig.provider.submits).toHaveLength(2);
        await handle.cancel();
      }
      await expect(handle.result()).rejects.toMatchObject({
        message: expect.stringContaining('The run before the reset had job again-2') as string,
      });
    },
  );

  it('into its question names that job before it pays, also where it learns of it while it looks at another one', async () => {
    const own = await startRig();
    onTestFinished(() => own.stop());
    const { script = {}, story } = SCENARIOS['unknown-reset-and-told-first'] ?? {};
    own.provider.script = script;
    const handle = await own.start(PATIENT);
    await story?.(handle, { rig: own, skip: () => Promise.reject(new Error('This clock is a real one.')) });
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    expect(own.provider.submits).toHaveLength(3);
  });

  it('when it is one of a cron schedule’s asks as well', async () => {
    rig.provider.script = {
      submit: ({ n }) => accepted(`cron-${n}`),
      poll: ({ jobId }) => (jobId === 'cron-1' ? completed(jobId) : job(jobId, 'pending')),
    };
    const workflowId = `cron-${randomUUID()}`;
    const { workflow } = rig.temporal;
    const args = [withDefaults({ ...PATIENT, overwrite: true })];
    await workflow.start('generateVideo', { workflowId, taskQueue: rig.taskQueue, args, cronSchedule: '@every 1s' });
    onTestFinished(async () => {
      await workflow.getHandle(workflowId).terminate();
    });
    const handle = rig.client.handle(workflowId);
    await expect.poll(() => rig.provider.submits.length).toBe(2); // before it, the handle may show the first run's end
    await until(handle, ({ jobId }) => jobId === 'cron-2');
    await resetToStart(handle);
    await awaiting(handle);
    expect(rig.provider.submits).toHaveLength(2);
  });

  it('while its submit is under way hears of the job, and adopts it', async () => {
    const { handle, answer } = await withSubmitUnderWay('late');
    await resetToStart(handle);
    await awaiting(handle);
    answer();
    expect((await handle.result()).jobId).toBe('late-1');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('after a cancel ends cancelled again, and does not say that nothing is billed', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'pending') };
    const handle = await rig.start(PATIENT);
    await until(handle, ({ state }) => state === 'generating');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    await resetToStart(handle);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Cancelled',
      message: expect.stringMatching(/one may exist and be billed/) as string,
    });
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('after a cancel names the job that the run before had', async () => {
    rig.provider.script = { submit: () => accepted('cancelled-1'), poll: ({ jobId }) => job(jobId, 'pending') };
    const handle = await rig.start(PATIENT);
    await until(handle, ({ state }) => state === 'generating');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    await untilListed(handle, 'cancelled-1');
    await resetToStart(handle);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Cancelled',
      message: expect.stringContaining('The run before the reset had job cancelled-1; to save its video:') as string,
    });
  });

  it('to after a refusal in spite of which a job had turned up, and was saved, knows that job for its own', async () => {
    const handle = rig.client.handle(`run-${randomUUID()}`);
    rig.provider.script = {
      submit: async () => {
        const event = { jobId: 'in-spite', status: 'completed' };
        await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', event);
        await until(handle, ({ state }) => state === 'submitting'); // and knows of the job
        return refusal(403, 'not allowed');
      },
      poll: ({ jobId }) => completed(jobId),
    };
    await rig.start(PATIENT, handle.workflowId);
    await handle.result();
    await untilListed(handle, 'in-spite');
    const { events } = await rig.temporal.workflow.getHandle(handle.workflowId).fetchHistory();
    const refused = events?.findLastIndex(
      (event) => event.activityTaskFailedEventAttributes ?? event.activityTaskCanceledEventAttributes,
    );
    const asked = events?.slice(refused).find((event) => event.workflowTaskCompletedEventAttributes);
    await resetTo(rig, handle, asked?.eventId);
    expect((await handle.result()).jobId).toBe('in-spite');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('and then given up names the job that the run before had', async () => {
    rig.provider.script = {
      submit: () => accepted('before-1'),
      poll: ({ jobId }) => job(jobId, 'pending'),
    };
    const handle = await rig.start(PATIENT);
    await until(handle, ({ state }) => state === 'generating');
    await untilListed(handle, 'before-1');
    await resetToStart(handle);
    await awaiting(handle);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({
      message: expect.stringContaining(
        'The run before the reset had job before-1; to save its video: longtake adopt',
      ) as string,
    });
  });

  it('and told of that job by an event as well, when it cannot be read, names it once', async () => {
    rig.provider.script = {
      submit: () => accepted('told-twice'),
      poll: ({ jobId }) => job(jobId, 'pending'),
    };
    const handle = await rig.start(PATIENT);
    await until(handle, ({ state }) => state === 'generating');
    await untilListed(handle, 'told-twice');
    await resetToStart(handle);
    await awaiting(handle);
    rig.provider.script = { poll: () => refusal(503, 'busy') };
    const event = { jobId: 'told-twice', status: 'completed' };
    await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', event);
    await until(handle, ({ error }) => /told-twice, which could not be read yet/.test(error?.message ?? ''));
    await handle.cancel();
    const { message } = (await handle.result().catch((error: unknown) => error)) as Error;
    expect(message.match(/longtake adopt .*?told-twice/g)).toHaveLength(1);
  });

  it.each<[string, 'succeeded' | 'Cancelled']>([
    ['its video', 'succeeded'],
    ['its own end, with its job', 'Cancelled'],
  ])('gives whoever waits for the result %s, and not the end of the run before', async (_what, end) => {
    let isDone = false;
    rig.provider.script.poll = ({ jobId }) => (isDone ? completed(jobId) : job(jobId, 'in_progress'));
    const handle = await rig.start(PATIENT);
    const { jobId, runId } = await until(handle, ({ polls }) => polls > 1);
    const waiting = handle.result().catch((error: unknown) => error);
    await handle.status(); // so that it waits for the first run
    await resetTo(rig, handle, (await completedTasks(rig, handle)).at(-1));
    const ended = rig.temporal.workflow.getHandle(handle.workflowId, runId, { followRuns: false }).result();
    await expect(ended).rejects.toThrow('somebody pressed the button');
    if (end === 'succeeded') isDone = true;
    else await handle.cancel();
    const { runId: newRunId } = await until(handle, ({ state }) => state === end.toLowerCase());
    expect(newRunId).not.toBe(runId);
    expect(await waiting).toMatchObject(
      end === 'succeeded' ? { jobId, assets: [{}] } : { type: end, jobId, runId: newRunId },
    );
  });

  it('when the pause that the provider had asked for is over asks at once', async () => {
    let overAt = Infinity;
    rig.provider.script = {
      submit: () => {
        overAt = Date.now() + 4_000;
        return refusal(429, 'slow down', { 'Retry-After': '4' });
      },
    };
    const handle = await rig.start({ timeouts: { submit: '3s' } });
    await expect(handle.result()).rejects.toMatchObject({ type: 'ProviderUnavailable' });
    await expect.poll(() => Date.now() > overAt, { timeout: 20_000 }).toBe(true);
    await resetToStart(handle);
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'abandon' });
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('and whose check somebody ends by hand says that the run before may have paid', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'failed') };
    const handle = await rig.start({ maxCostUsd: 0.5 });
    await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed' });
    rig.provider.script = { models: () => null };
    await rig.worker?.stop(); // which has the models in mind
    await resetToStart(handle);
    await rig.startWorker();
    const { workflowId } = handle;
    const failed = () =>
      rig.temporal.workflowService
        .respondActivityTaskFailedById({
          namespace: 'default',
          workflowId,
          activityId: '1',
          failure: { message: 'enough', applicationFailureInfo: { nonRetryable: true } },
        })
        .then(
          () => true,
          () => false,
        );
    await expect.poll(failed, { timeout: 20_000 }).toBe(true);
    await expect(handle.result()).rejects.toMatchObject({
      message: expect.stringMatching(
        /ended in Temporal by hand \(it was told: enough\)\. The run before Temporal’s Reset may have submitted all the same/,
      ) as string,
    });
  });

  it('to after its submit goes on with the job, and nobody is asked', async () => {
    rig.provider.script = { poll: ({ jobId }) => completed(jobId), content: () => refusal(410, 'gone') };
    const handle = await rig.start();
    await expect(handle.result()).rejects.toMatchObject({ type: 'DownloadFailed' });
    rig.provider.script = { poll: ({ jobId }) => completed(jobId) };
    const [beforeDownload] = (await completedTasks(rig, handle)).slice(-3); // then come the sweep and the end
    await resetTo(rig, handle, beforeDownload);
    expect((await handle.result()).assets).toHaveLength(1);
    expect(rig.provider.submits).toHaveLength(1);
  });
});
