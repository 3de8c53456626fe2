import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Duration } from '@temporalio/common';
import { temporal as proto } from '@temporalio/proto';
import { expect } from 'vitest';
import type { GenerateVideoInput, LongtakeHandle } from '../../src/client/index.js';
import { gate } from '../support/gate.js';
import { accepted, CLIP, completed, job, refusal, type ProviderScript } from '../support/provider.js';
import { completedTasks, resetTo } from '../support/reset-run.js';
import { until, type Rig } from '../support/rig.js';
import { say } from '../support/say.js';

/** Where a story takes place. */
export interface Stage {
  readonly rig: Rig;
  /** Lets time pass, where the server's clock skips. */
  readonly skip: (duration: Duration) => Promise<void>;
}

type Story = (handle: LongtakeHandle, stage: Stage) => Promise<unknown>;

export interface Scenario {
  readonly script?: ProviderScript;
  readonly input?: Partial<GenerateVideoInput>;
  readonly story?: Story;
  /** On a server whose clock skips what nobody waits for, instead of a real one. */
  readonly skipsTime?: true;
}

const running: ProviderScript = { poll: ({ jobId }) => job(jobId, 'in_progress') };
const unknown: ProviderScript = { submit: () => refusal(500, 'oops') };
const LONG = { polling: { initialInterval: '1h' } };
const SLOW = { polling: { initialInterval: '1s', maximumInterval: '1s' } };
const FEW = { polling: { initialInterval: '20ms', maximumInterval: '20ms', maximumAttempts: 3 } };
const awaiting = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');
const generating = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'generating');
const untyped = (handle: LongtakeHandle, { rig }: Stage) => rig.temporal.workflow.getHandle(handle.workflowId);

async function whileNobodyWorks(rig: Rig, work: () => Promise<void>): Promise<void> {
  await rig.worker?.stop();
  await work();
  await rig.startWorker();
}

const { PendingActivityState } = proto.api.enums.v1;

async function untilActivityIs(
  state: proto.api.enums.v1.PendingActivityState,
  { workflowId }: LongtakeHandle,
  { temporal }: Rig,
) {
  const states = async () => {
    const { raw } = await temporal.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities?.map((activity) => activity.state);
  };
  await expect.poll(states).toEqual([state]);
}

/** The check is a run's first, the submit its second. */
const activity = ({ workflowId }: LongtakeHandle, n: 1 | 2) => ({
  namespace: 'default',
  workflowId,
  activityId: String(n),
});

const [told, toldLate, looked, lookedAgain, lookedLast] = [gate(), gate(), gate(), gate(), gate()];
const [refusedOnce, refusedOnceMore, refusedAfter, refusedLater] = [gate(), gate(), gate(), gate()];
/** A run asks about a job that an event has named, cannot be read yet, and is another run's. Ends that run when it is over. */
async function askedAboutJobOf(
  otherRun: string,
  { handle, stage, refuse }: { readonly handle: LongtakeHandle; readonly stage: Stage; readonly refuse: () => void },
  goOn: (tellAgain: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { rig } = stage;
  const jobId = `of-${otherRun}`;
  const tell = (status: string) => untyped(handle, stage).signal('providerEvent', { jobId, status });
  await expect.poll(() => rig.provider.submits).toHaveLength(1);
  const other = await rig.start(LONG, otherRun);
  await generating(other);
  await expect.poll(() => rig.temporal.workflow.count(`LongtakeJobId = '${jobId}'`)).toMatchObject({ count: 1 });
  await tell('completed');
  refuse();
  await until(handle, ({ error }) => error?.message.includes('could not be read yet') === true);
  await goOn(() => tell('again'));
  await other.cancel();
}

/** The scenarios whose provider lets jobs be read again. */
const back = new Set<string>();

/** One for each way a run can go, by the name of its history. */
const namedAtOnce: Scenario = {
  script: { ...unknown, poll: ({ jobId }) => (jobId === 'named-by-event' ? refusal(503, 'busy') : completed(jobId)) },
  story: async (handle, stage) => {
    await awaiting(handle);
    await whileNobodyWorks(stage.rig, async () => {
      await untyped(handle, stage).signal('providerEvent', { jobId: 'named-by-event', status: 'completed' });
      await say(stage.rig, handle, { action: 'adopt', jobId: 'named-by-person' });
    });
    await handle.result();
  },
};

/** A person had the request sent again, of which this job came; then the run is reset to before that answer. */
async function resubmittedAndReset(handle: LongtakeHandle, rig: Rig, jobId: string): Promise<void> {
  await awaiting(handle);
  const asked = (await completedTasks(rig, handle)).at(-1);
  await handle.resolveSubmission({ action: 'resubmit' });
  await generating(handle);
  const query = `WorkflowId = '${handle.workflowId}' AND LongtakeJobId = '${jobId}'`;
  await expect.poll(() => rig.temporal.workflow.count(query)).toMatchObject({ count: 1 });
  await resetTo(rig, handle, asked);
  await awaiting(handle);
}

const toldFirst: Scenario = {
  script: {
    submit: ({ n }) => (n === 1 ? refusal(500, 'oops') : accepted(`told-first-${n}`)),
    poll: async ({ jobId }) => {
      if (jobId !== 'wrong') return job(jobId, 'in_progress');
      await setTimeout(2_000); // until the run has looked back
      return refusal(404, 'no such job');
    },
  },
  input: LONG,
  story: async (handle, { rig }) => {
    await resubmittedAndReset(handle, rig, 'told-first-2');
    await whileNobodyWorks(rig, async () => {
      await say(rig, handle, { action: 'adopt', jobId: 'wrong' });
      await say(rig, handle, { action: 'resubmit' });
    });
    await until(handle, ({ error }) => error?.message.includes('had job told-first-2') === true);
    expect(rig.provider.submits).toHaveLength(2);
    await handle.resolveSubmission({ action: 'resubmit' });
    await generating(handle);
    await handle.cancel();
  },
};

export const SCENARIOS: Record<string, Scenario> = {
  saved: {},
  'saved-with-budget-and-output': { input: { maxCostUsd: 1, output: 'folder/x.mp4', overwrite: true } },
  'saved-two-outputs': { script: { poll: ({ jobId }) => completed(jobId, 0.24, 2) } },
  'adopted-by-input': { input: { jobId: 'made-elsewhere' } },
  'polls-in-trouble': {
    script: {
      poll: ({ n, jobId }) =>
        [refusal(503, 'busy', { 'retry-after': '1' }), refusal(401, 'key'), refusal(404, 'no'), job(jobId, 'new_word')][
          n - 1
        ] ?? completed(jobId),
    },
  },
  'submit-refused-then-accepted': {
    script: {
      submit: ({ n }) => (n === 1 ? refusal(429, 'busy') : { status: 202, body: { id: 'second', status: 'pending' } }),
    },
  },
  'hurried-by-event': {
    input: LONG,
    story: async (handle, stage) => {
      const { jobId } = await generating(handle);
      stage.rig.provider.script = { poll: () => completed(jobId ?? '') };
      await untyped(handle, stage).signal('providerEvent', { jobId, status: 'completed' });
    },
  },
  'invalid-request': { input: { request: { model: 'test/model', prompt: 'x', duration: 5 } } },
  'submission-rejected': { script: { submit: () => refusal(400, 'no') } },
  'video-failed': { script: { poll: ({ jobId }) => job(jobId, 'failed', { error: 'no' }) } },
  'video-lost': { script: { poll: () => refusal(404, 'no') } },
  'polling-exhausted': { script: running, input: FEW },
  'download-failed': { script: { content: () => refusal(410, 'gone') } },
  'refused-output': {
    script: {
      poll: ({ jobId }) => completed(jobId, 0.24, 2),
      content: ({ index }) => (index === 0 ? refusal(403, 'not yours') : { body: CLIP }),
    },
    input: { timeouts: { download: '2s' } },
  },
  'download-retried': { script: { content: ({ n }) => (n === 1 ? refusal(502, 'later') : { body: CLIP }) } },
  'unknown-adopted': {
    script: unknown,
    story: async (handle) => {
      await awaiting(handle);
      await handle.resolveSubmission({ action: 'adopt', jobId: 'found' });
    },
  },
  'unknown-adopted-by-event': {
    script: unknown,
    story: async (handle, stage) => {
      await awaiting(handle);
      await untyped(handle, stage).signal('providerEvent', { jobId: 'found', status: 'completed' });
    },
  },
  'unknown-resubmitted': {
    script: {
      submit: ({ n }) => (n === 1 ? refusal(500, 'oops') : { status: 202, body: { id: 'again', status: 'pending' } }),
    },
    story: async (handle) => {
      await awaiting(handle);
      await handle.resolveSubmission({ action: 'resubmit' });
    },
  },
  'unknown-abandoned': {
    script: unknown,
    story: async (handle) => {
      await awaiting(handle);
      await handle.resolveSubmission({ action: 'abandon' });
    },
  },
  'unknown-cancelled': {
    script: unknown,
    story: async (handle) => {
      await awaiting(handle);
      await handle.cancel();
    },
  },
  'cancelled-by-signal': {
    input: LONG,
    story: async (handle) => {
      await generating(handle);
      await handle.cancel('not needed');
    },
  },
  'cancelled-by-temporal': {
    input: LONG,
    story: async (handle, stage) => {
      await generating(handle);
      await untyped(handle, stage).cancel();
    },
  },
  'cancelled-in-download': {
    script: {
      poll: ({ jobId }) => completed(jobId),
      content: ({ response }) => {
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, 5_000));
        return null;
      },
    },
    story: async (handle) => {
      await until(handle, ({ transfer }) => transfer !== null && transfer.bytes > 0);
      await handle.cancel();
    },
  },
  'cancelled-and-settled': {
    script: running,
    input: { onCancel: 'settle' },
    story: async (handle, stage) => {
      await until(handle, ({ polls }) => polls > 0);
      await handle.cancel();
      stage.rig.provider.script = {};
    },
  },
  'continued-as-new': { script: { poll: ({ n, jobId }) => (n < 40 ? job(jobId, 'in_progress') : completed(jobId)) } },
  'outputs-not-to-be-had': {
    script: running,
    input: { ...SLOW, output: 'four.mp4', timeouts: { download: '2s' } },
    story: async (handle, { rig }) => {
      const { jobId } = await generating(handle);
      const taken = ['four-2.mp4', `four-2.${jobId ?? ''}.mp4`].map((key) => join(rig.storage, key));
      await Promise.all(taken.map((file) => writeFile(file, 'other')));
      rig.provider.script = {
        poll: () => completed(jobId ?? '', 0.48, 4),
        content: ({ index }) => [refusal(410, 'gone'), refusal(403, 'not yours')][index] ?? { body: CLIP },
      };
    },
  },
  'other-jobs-by-event': {
    script: { poll: ({ jobId }) => (jobId === 'unread' ? refusal(503, 'busy') : job(jobId, 'in_progress')) },
    input: LONG,
    story: async (handle, stage) => {
      await generating(handle);
      for (const jobId of ['second', 'unread']) {
        await untyped(handle, stage).signal('providerEvent', { jobId, status: 'completed' });
        await until(handle, ({ warnings }) => warnings.some((warning) => warning.includes(jobId)));
      }
      await handle.cancel();
    },
  },
  'missing-job-by-event': {
    script: { poll: ({ jobId }) => (jobId === 'missing' ? refusal(404, 'no such job') : job(jobId, 'in_progress')) },
    input: LONG,
    story: async (handle, stage) => {
      await generating(handle);
      await untyped(handle, stage).signal('providerEvent', { jobId: 'missing', status: 'completed' });
      await until(handle, ({ warnings }) => warnings.some((warning) => warning.includes('missing')));
      await handle.cancel();
    },
  },
  'own-job-of-before': {
    script: {
      poll: ({ jobId }) => job(jobId, 'in_progress'),
      models: async () => {
        await toldLate.opened;
        return refusal(503, 'busy');
      },
    },
    input: LONG,
    story: async (handle, stage) => {
      await untyped(handle, stage).signal('providerEvent', { jobId: 'late', status: 'pending', isOwn: true });
      toldLate.open();
      await generating(handle);
      await handle.cancel();
    },
  },
  'turned-up-two-and-adopted-one': {
    script: {
      submit: () => refusal(429, 'slow down', { 'retry-after': '60' }),
      poll: ({ jobId }) => (back.has('two') ? completed(jobId) : refusal(404, 'not yet')),
    },
    story: async (handle, stage) => {
      await expect.poll(() => stage.rig.provider.submits).toHaveLength(1);
      for (const jobId of ['first', 'second']) {
        await untyped(handle, stage).signal('providerEvent', { jobId, status: 'completed' });
      }
      await until(handle, ({ error }) => error?.message.includes('second, which could not be read yet') === true);
      back.add('two');
      await handle.resolveSubmission({ action: 'adopt', jobId: 'second' });
    },
  },
  'turned-up-before-second-request': {
    script: {
      submit: () => refusal(503, 'no provider', { 'retry-after': '60' }),
      poll: ({ jobId }) => completed(jobId),
    },
    story: async (handle, stage) => {
      await expect.poll(() => stage.rig.provider.submits).toHaveLength(1);
      await untyped(handle, stage).signal('providerEvent', { jobId: 'found-in-time', status: 'completed' });
    },
  },
  'named-before-it-sent': {
    script: {
      ...unknown,
      models: async () => {
        await told.opened;
        return refusal(503, 'busy'); // without a budget the run goes on
      },
    },
    story: async (handle, stage) => {
      await untyped(handle, stage).signal('providerEvent', { jobId: 'of-no-run', status: 'completed' });
      told.open();
      await awaiting(handle);
      await handle.resolveSubmission({ action: 'abandon' });
    },
  },
  'turned-up-and-another-runs': {
    script: {
      submit: async ({ n }) => {
        if (n === 2) return accepted('of-another-run');
        await refusedAfter.opened;
        return refusal(402, 'no money');
      },
      poll: ({ jobId }) => (back.has('another') ? completed(jobId) : refusal(503, 'busy')),
    },
    story: async (handle, stage) => {
      await askedAboutJobOf('another-run', { handle, stage, refuse: refusedAfter.open }, async (tellAgain) => {
        back.add('another');
        await tellAgain();
        await handle.result().catch(() => undefined);
      });
    },
  },
  'turned-up-and-another-runs-while-answered': {
    script: {
      submit: async ({ n }) => {
        if (n === 2) return accepted('of-yet-another-run');
        await refusedLater.opened;
        return refusal(429, 'slow down', { 'retry-after': '60' });
      },
      poll: async ({ jobId }) => {
        if (jobId === 'by-person') return completed(jobId);
        if (!back.has('answered')) return refusal(503, 'busy');
        await looked.opened;
        return completed(jobId);
      },
    },
    story: async (handle, stage) => {
      await askedAboutJobOf('yet-another-run', { handle, stage, refuse: refusedLater.open }, async (tellAgain) => {
        const { rig } = stage;
        back.add('answered');
        const before = rig.provider.polls.length;
        await tellAgain();
        await expect.poll(() => rig.provider.polls.length).toBeGreaterThan(before);
        await say(rig, handle, { action: 'adopt', jobId: 'by-person' });
        await expect.poll(() => rig.provider.polls, { timeout: 20_000 }).toContain('by-person');
        looked.open();
        await handle.result();
      });
    },
  },
  'another-runs-while-resubmitted': {
    script: {
      submit: async ({ n }) => {
        if (n !== 1) return accepted(n === 2 ? 'of-one-more-run' : 'sent-as-answered');
        await refusedOnceMore.opened;
        return refusal(429, 'slow down', { 'retry-after': '60' });
      },
      poll: async ({ jobId }) => {
        if (jobId === 'none-such') return refusal(404, 'no such job');
        if (jobId === 'sent-as-answered') return completed(jobId);
        if (!back.has('resubmitted')) return refusal(503, 'busy');
        await lookedAgain.opened;
        return completed(jobId);
      },
    },
    story: async (handle, stage) => {
      await askedAboutJobOf('one-more-run', { handle, stage, refuse: refusedOnceMore.open }, async (tellAgain) => {
        const { rig } = stage;
        back.add('resubmitted');
        const before = rig.provider.polls.length;
        await tellAgain();
        await expect.poll(() => rig.provider.polls.length).toBeGreaterThan(before);
        await say(rig, handle, { action: 'resubmit' });
        await say(rig, handle, { action: 'adopt', jobId: 'none-such' });
        await expect.poll(() => rig.provider.polls, { timeout: 20_000 }).toContain('none-such');
        lookedAgain.open();
        await handle.result();
      });
    },
  },
  'let-go-and-submitted-again': {
    script: {
      submit: async ({ n }) => {
        if (n !== 1) return accepted(n === 2 ? 'of-still-another-run' : 'its-own-at-last');
        await refusedOnce.opened;
        return refusal(429, 'slow down', { 'retry-after': '5' });
      },
      poll: ({ jobId }) => (jobId === 'its-own-at-last' || back.has('still') ? completed(jobId) : refusal(503, 'busy')),
    },
    story: async (handle, stage) => {
      await askedAboutJobOf('still-another-run', { handle, stage, refuse: refusedOnce.open }, async (tellAgain) => {
        back.add('still');
        await tellAgain();
        await handle.result();
      });
    },
  },
  'unknown-adopted-and-reset-behind-it': {
    script: { ...unknown, poll: ({ jobId }) => (back.has('reset') ? completed(jobId) : job(jobId, 'in_progress')) },
    story: async (handle, { rig }) => {
      await awaiting(handle);
      await handle.resolveSubmission({ action: 'adopt', jobId: 'adopted-before-reset' });
      const { polls } = await until(handle, ({ polls }) => polls >= 2);
      await resetTo(rig, handle, (await completedTasks(rig, handle)).at(-1) ?? null);
      await until(handle, (status) => status.polls > polls);
      back.add('reset');
      await handle.result();
    },
  },
  'unknown-named-by-event-and-person-at-once': namedAtOnce,
  'unknown-named-at-once-and-looked-at-side-by-side': namedAtOnce,
  'unknown-with-unread-job': {
    script: { ...unknown, poll: () => refusal(503, 'busy') },
    story: async (handle, stage) => {
      await awaiting(handle);
      await untyped(handle, stage).signal('providerEvent', { jobId: 'unread', status: 'completed' });
      await until(handle, ({ error }) => error?.message.includes('could not be read yet') === true);
      await handle.resolveSubmission({ action: 'abandon' });
    },
  },
  'unknown-answered-twice-at-once': {
    script: unknown,
    story: async (handle, { rig }) => {
      await awaiting(handle);
      await whileNobodyWorks(rig, async () => {
        await say(rig, handle, { action: 'resubmit' });
        await say(rig, handle, { action: 'adopt', jobId: 'found-by-person' });
      });
    },
  },
  'unknown-resubmitted-and-cancelled-at-once': {
    script: unknown,
    story: async (handle, { rig }) => {
      await awaiting(handle);
      await whileNobodyWorks(rig, async () => {
        await say(rig, handle, { action: 'resubmit' });
        await handle.cancel();
      });
    },
  },
  'unknown-resubmitted-after-a-day': {
    script: {
      submit: ({ n }) => (n === 1 ? refusal(500, 'oops') : { status: 202, body: { id: 'again', status: 'pending' } }),
    },
    input: { maxCostUsd: 1 },
    skipsTime: true,
    story: async (handle, { skip }) => {
      await awaiting(handle);
      await skip('1d');
      await handle.resolveSubmission({ action: 'resubmit' });
    },
  },
  'unknown-reset-and-abandoned': {
    script: {
      submit: ({ n }) => (n === 1 ? refusal(500, 'oops') : { status: 202, body: { id: 'again', status: 'pending' } }),
    },
    input: LONG,
    story: async (handle, { rig }) => {
      await resubmittedAndReset(handle, rig, 'again');
      await handle.resolveSubmission({ action: 'abandon' }).catch(() => undefined);
    },
  },
  'unknown-reset-and-told-first': toldFirst,
  'unknown-reset-told-first-and-looked-at-side-by-side': toldFirst,
  'cancelled-while-it-looks-and-reset': {
    script: {
      submit: () => accepted('of-before'),
      poll: async ({ jobId }) => {
        if (jobId === 'beside') await lookedLast.opened;
        return job(jobId, 'in_progress');
      },
    },
    input: LONG,
    story: async (handle, stage) => {
      const { rig } = stage;
      await generating(handle);
      await untyped(handle, stage).signal('providerEvent', { jobId: 'beside', status: 'completed' });
      await expect.poll(() => rig.provider.polls).toContain('beside');
      await handle.cancel();
      await until(handle, ({ state }) => state === 'cancelled');
      lookedLast.open();
      await handle.result().catch(() => undefined);
      const query = `WorkflowId = '${handle.workflowId}' AND LongtakeJobId = 'of-before'`;
      await expect.poll(() => rig.temporal.workflow.count(query)).toMatchObject({ count: 1 });
      const [first] = await completedTasks(rig, handle);
      await resetTo(rig, handle, first ?? null);
    },
  },
  'check-completed-by-hand': {
    script: { models: () => null },
    input: { maxCostUsd: 1 },
    story: async (handle, { rig }) => {
      await untilActivityIs(PendingActivityState.PENDING_ACTIVITY_STATE_STARTED, handle, rig);
      await rig.temporal.workflowService.respondActivityTaskCompletedById(activity(handle, 1));
    },
  },
  'submit-cancelled-by-hand': {
    script: { submit: () => null },
    story: async (handle, { rig }) => {
      await expect.poll(() => rig.provider.submits).toHaveLength(1);
      await handle.cancel();
      await untilActivityIs(PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED, handle, rig);
      await rig.temporal.workflowService.respondActivityTaskCanceledById(activity(handle, 2));
    },
  },
  'cancelled-and-continued-as-new': {
    script: { poll: ({ n, jobId }) => (n < 40 ? job(jobId, 'in_progress') : completed(jobId)) },
    input: { onCancel: 'settle' },
    story: async (handle) => {
      await until(handle, ({ polls }) => polls > 0);
      await handle.cancel();
    },
  },
};
