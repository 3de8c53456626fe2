import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LongtakeHandle, ResolveSubmission } from '../../src/client/index.js';
import { gate } from '../support/gate.js';
import { accepted, CLIP, completed, job, refusal, type Reply } from '../support/provider.js';
import { startRig, until, withDefaults, type Rig } from '../support/rig.js';
import { say } from '../support/say.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.submits.length = 0;
  rig.provider.polls.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

const SOON = { 'Retry-After': '3' };
const LATER = { 'Retry-After': '60' };
const PATIENT = { polling: { initialInterval: '1h' } };

async function tell({ workflowId }: LongtakeHandle, event: object): Promise<void> {
  await rig.temporal.workflow.getHandle(workflowId).signal('providerEvent', { status: 'completed', ...event });
}
async function toldOf(handle: LongtakeHandle): Promise<string[]> {
  return (await handle.status()).warnings.filter((warning) => warning.startsWith('The provider also tells of job'));
}
const awaiting = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');
const untilSent = (posts: number) => expect.poll(() => rig.provider.submits.length).toBe(posts);

describe('a job that turns up while the request is to be sent again', () => {
  it.each<[string, Reply]>([
    ['503', refusal(503, 'no provider', LATER)],
    ['429', refusal(429, 'slow down', LATER)],
  ])('after a %s is adopted, and nothing more is sent', async (what, reply) => {
    rig.provider.script = { submit: () => reply, poll: ({ jobId }) => completed(jobId) };
    const handle = await rig.start();
    await untilSent(1);
    await tell(handle, { jobId: `after-${what}` });
    expect((await handle.result()).jobId).toBe(`after-${what}`);
    expect(rig.provider.submits).toHaveLength(1);
  });

  it.each([
    ['an event of the provider', { jobId: 'of-the-provider' }],
    ['a worker that is late', { jobId: 'of-the-worker', isOwn: true }],
  ])('by %s, after an operator had it sent again, is adopted', async (_who, event) => {
    rig.provider.script = {
      submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : refusal(429, 'slow down', LATER)),
      poll: ({ jobId }) => completed(jobId),
    };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await untilSent(2);
    await tell(handle, event);
    expect((await handle.result()).jobId).toBe(event.jobId);
    expect(rig.provider.submits).toHaveLength(2);
  });

  it('and that the provider asks to wait with is not looked at again before that is over', async () => {
    rig.provider.script = {
      submit: ({ n }) => (n === 1 ? refusal(429, 'slow down', LATER) : accepted('sent-again')),
      poll: ({ jobId }) =>
        jobId === 'later' ? refusal(404, 'not yet', { 'Retry-After': '3600' }) : completed('sent-again'),
    };
    const handle = await rig.start();
    await untilSent(1);
    await tell(handle, { jobId: 'later' });
    await until(handle, ({ error }) => error?.message.includes('job later, which could not be read yet') === true);
    expect(rig.provider.polls).toEqual(['later']);
    await handle.resolveSubmission({ action: 'resubmit' });
    expect(await handle.result()).toMatchObject({ jobId: 'sent-again' });
    expect(rig.provider.polls).toEqual(['later', 'sent-again']);
  });

  it('while a request is under way that is refused is adopted', async () => {
    rig.provider.script = {
      submit: async () => {
        await tell(handle, { jobId: 'in-spite' });
        return refusal(403, 'not allowed');
      },
      poll: ({ jobId }) => completed(jobId),
    };
    const handle = await rig.start();
    expect((await handle.result()).jobId).toBe('in-spite');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('while a request is under way that is accepted is told of', async () => {
    rig.provider.script = {
      submit: async () => {
        for (const jobId of ['twin', 'own']) await tell(handle, { jobId });
        return accepted('own');
      },
      poll: ({ jobId }) => completed(jobId),
    };
    const handle = await rig.start();
    expect((await handle.result()).jobId).toBe('own');
    expect(await toldOf(handle)).toEqual([expect.stringMatching(/tells of job twin .*: longtake adopt twin$/)]);
  });

  it('and cannot be read yet raises the question, and is named by whatever ends it', async () => {
    rig.provider.script = {
      submit: () => refusal(503, 'no provider', LATER),
      poll: () => refusal(500, 'not now'),
    };
    const handle = await rig.start();
    await untilSent(1);
    await tell(handle, { jobId: 'unread' });
    const { error } = await until(handle, ({ error }) => /could not be read yet/.test(error?.message ?? ''));
    expect(error?.message).toMatch(/tells of job unread for this run, though no answer to its request had a job/);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Cancelled',
      message: expect.stringMatching(
        /^(?!.*Nothing was submitted).*not known whether .*unread; to save its video: longtake adopt .*unread/,
      ) as string,
    });
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('and is that of an earlier run under the same id breaks no pause that the provider asks for', async () => {
    const sentAt: number[] = [];
    rig.provider.script = {
      submit: ({ n }) => {
        sentAt.push(performance.now());
        return n === 2 ? refusal(503, 'no provider', SOON) : accepted(`reused-${n}`);
      },
      poll: ({ jobId }) => completed(jobId),
    };
    const second = await secondUnderItsId('reused-1');
    await untilSent(2);
    await tell(second, { jobId: 'reused-1' });
    expect((await second.result()).jobId).toBe('reused-3');
    expect(await toldOf(second)).toEqual([]);
    expect((sentAt[2] ?? 0) - (sentAt[1] ?? 0)).toBeGreaterThan(2_900);
  });

  it('and is that of an earlier run, as it shows later, ends the question', async () => {
    let isBack = false;
    rig.provider.script = {
      submit: async ({ n }) => {
        if (n === 1) return accepted('another-1');
        await tell(second, { jobId: 'another-1' });
        return refusal(402, 'no money');
      },
      poll: ({ jobId }) => (rig.provider.submits.length === 1 || isBack ? completed(jobId) : refusal(503, 'a storm')),
    };
    const second = await secondUnderItsId('another-1');
    await until(second, ({ error }) => /could not be read yet/.test(error?.message ?? ''));
    isBack = true;
    await tell(second, { jobId: 'another-1', status: 'told once more' });
    await expect(second.result()).rejects.toMatchObject({ type: 'InsufficientCredits' });
  });

  describe('and is that of an earlier run, as it shows while somebody answers,', () => {
    /** A run that hears the answer in the middle of its look at the job. */
    async function answeredWhileItLooks(earlier: string, answer: ResolveSubmission): Promise<LongtakeHandle> {
      const look = gate();
      let looks = 0;
      rig.provider.script = {
        submit: async ({ n }) => {
          if (n !== 2) return accepted(n === 1 ? earlier : `sent-again-after-${earlier}`);
          looks = 1;
          await tell(second, { jobId: earlier });
          return refusal(429, 'slow down', SOON);
        },
        poll: async ({ jobId }) => {
          if (jobId === 'none-such') return refusal(404, 'no such job');
          if (jobId !== earlier || looks === 0) return completed(jobId);
          if (looks++ <= 2) return refusal(503, 'a storm');
          await look.opened;
          return completed(jobId);
        },
      };
      const second = await secondUnderItsId(earlier);
      await until(second, ({ error }) => /could not be read yet/.test(error?.message ?? ''));
      await tell(second, { jobId: earlier, status: 'told once more' });
      await expect.poll(() => looks).toBe(4);
      await say(rig, second, answer);
      // Seen by the provider, and so heard by the run in the middle of its look, as all that was said before it.
      const jobId = answer.action === 'adopt' ? answer.jobId : 'none-such';
      if (answer.action !== 'adopt') await say(rig, second, { action: 'adopt', jobId });
      await expect.poll(() => rig.provider.polls, { timeout: 20_000 }).toContain(jobId);
      look.open();
      return second;
    }

    it('leaves an adopt its right', async () => {
      const run = await answeredWhileItLooks('earlier-one', { action: 'adopt', jobId: 'by-person' });
      expect(await run.result()).toMatchObject({ jobId: 'by-person' });
      expect(rig.provider.submits).toHaveLength(2);
    });

    it('leaves nothing in doubt after a resubmit', async () => {
      const run = await answeredWhileItLooks('earlier-two', { action: 'resubmit' });
      expect(await run.result()).toMatchObject({ jobId: 'sent-again-after-earlier-two' });
      expect((await run.status()).warnings.join()).not.toMatch(/in doubt|also tells of job/);
    });
  });

  describe('after another submit in doubt', () => {
    let isBack = false;

    /** Asked about `jobId`, which cannot be read, after a submit of unknown outcome that somebody had sent again. */
    async function askedOnceMore(jobId: string, earlier: boolean): Promise<LongtakeHandle> {
      isBack = false;
      const sent = earlier ? 1 : 0;
      rig.provider.script = {
        submit: ({ n }) => {
          if (n === sent) return accepted(jobId);
          return n === sent + 1 ? refusal(500, 'who knows') : refusal(429, 'slow down', LATER);
        },
        poll: () => (rig.provider.submits.length === sent || isBack ? completed(jobId) : refusal(503, 'a storm')),
      };
      const handle = await (earlier ? secondUnderItsId(jobId) : rig.start());
      await awaiting(handle);
      await handle.resolveSubmission({ action: 'resubmit' });
      await untilSent(sent + 2);
      await tell(handle, { jobId });
      await until(handle, ({ error }) => error?.message.includes(`${jobId}, which could not be read yet`) === true);
      return handle;
    }

    it('and is that of an earlier run takes no word from what is said of the one in doubt', async () => {
      const handle = await askedOnceMore('of-the-run-before', true);
      isBack = true;
      await tell(handle, { jobId: 'of-the-run-before', status: 'told once more' });
      await until(handle, ({ state }) => state === 'submitting');
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({
        message: expect.stringContaining('In doubt is the submit sent after') as string,
      });
    });

    it('and is overruled has nobody told twice of the one in doubt', async () => {
      const handle = await askedOnceMore('overruled-too', false);
      await handle.resolveSubmission({ action: 'resubmit' });
      const { warnings } = await until(handle, ({ state }) => state === 'submitting');
      expect(warnings.filter((warning) => warning.startsWith('Also in doubt'))).toHaveLength(1);
      await handle.cancel();
      await handle.result().catch(() => undefined);
    });
  });

  it('and is saved by a run that submitted nothing may be of this one: nothing more is sent', async () => {
    rig.provider.script = {
      submit: ({ n }) => (n === 1 ? refusal(429, 'slow down', SOON) : accepted('not-asked-for')),
      poll: ({ jobId }) => completed(jobId),
    };
    const saver = await rig.start({ jobId: 'of-this-one', request: undefined });
    await saver.result();
    const listed = `LongtakeJobId = 'of-this-one' AND ExecutionStatus = 'Completed'`;
    await expect.poll(() => rig.temporal.workflow.count(listed)).toMatchObject({ count: 1 });
    const handle = await rig.start();
    await untilSent(1);
    await tell(handle, { jobId: 'of-this-one' });
    const { error } = await until(handle, ({ error }) => error?.message.includes(saver.workflowId) === true);
    expect(error?.message).toMatch(
      new RegExp(
        `Job of-this-one may be .* the run ${saver.workflowId}, which has saved its video: if you need no other`,
      ),
    );
    await handle.resolveSubmission({ action: 'abandon' });
    await expect(handle.result()).rejects.toMatchObject({ message: expect.stringContaining('of-this-one') as string });
    expect(rig.provider.submits).toHaveLength(1);
  });

  describe('in the rest of a pause', () => {
    let isBack = false;

    /** That another event has interrupted, of the job of an earlier run. */
    async function resting(earlier: string): Promise<LongtakeHandle> {
      isBack = false;
      rig.provider.script = {
        submit: ({ n }) => (n === 1 ? accepted(earlier) : refusal(429, 'slow down', LATER)),
        poll: ({ jobId }) => (isBack || jobId === earlier ? completed(jobId) : refusal(404, 'not yet')),
      };
      const handle = await secondUnderItsId(earlier);
      await untilSent(2);
      await tell(handle, { jobId: earlier });
      const { workflow } = rig.temporal;
      const pauses = async () => (await workflow.getHandle(handle.workflowId).fetchHistory()).events ?? [];
      await expect.poll(async () => (await pauses()).some((event) => event.timerStartedEventAttributes)).toBe(true);
      return handle;
    }

    it('one beside which another one is adopted is told of', async () => {
      const handle = await resting('earlier-of-two');
      for (const jobId of ['turned-up-1', 'turned-up-2']) await tell(handle, { jobId });
      await until(handle, ({ error }) => /turned-up-2, which could not be read yet/.test(error?.message ?? ''));
      isBack = true;
      await handle.resolveSubmission({ action: 'adopt', jobId: 'turned-up-2' });
      expect((await handle.result()).jobId).toBe('turned-up-2');
      expect(await toldOf(handle)).toEqual([expect.stringMatching(/tells of job turned-up-1 /)]);
    });

    it('one that was overruled is in doubt to the end', async () => {
      const handle = await resting('earlier-of-one');
      await tell(handle, { jobId: 'overruled' });
      await until(handle, ({ error }) => /overruled, which could not be read yet/.test(error?.message ?? ''));
      await handle.resolveSubmission({ action: 'resubmit' });
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({
        message: expect.stringMatching(
          /^(?!.*(Nothing was submitted|nothing is billed)).*It is not known .*job overruled; to save/,
        ) as string,
      });
      expect(rig.provider.submits).toHaveLength(2);
    });
  });
});

it('a job that a run of a cron schedule learned of too late is told of by the next one', async () => {
  const workflowId = `cron-${rig.taskQueue}`;
  const args = [withDefaults(PATIENT)];
  rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
  const { workflow } = rig.temporal;
  await workflow.start('generateVideo', { workflowId, taskQueue: rig.taskQueue, args, cronSchedule: '@every 3s' });
  const handle = rig.client.handle(workflowId); // of which nothing has begun
  await tell(handle, { jobId: 'late-of-cron', isOwn: true });
  await expect.poll(() => rig.provider.submits.length).toBe(1);
  expect(await toldOf(handle)).toEqual([expect.stringContaining('late-of-cron')]);
  await workflow.getHandle(workflowId).terminate();
});

it('what files have to say crowds out no job that may have been paid for', async () => {
  rig.provider.script = {
    submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : accepted('of-eleven')),
    poll: ({ jobId }) => completed(jobId, 0.12, 11),
    content: async ({ index }) => {
      if (index === 10) await tell(handle, { jobId: 'before-eleven' });
      return { headers: { 'content-type': 'video/mp4' }, body: CLIP };
    },
  };
  const handle = await rig.start();
  await awaiting(handle);
  await handle.resolveSubmission({ action: 'resubmit' });
  await handle.result();
  expect((await handle.status()).warnings.length).toBeGreaterThan(20);
  expect(await toldOf(handle)).toEqual([expect.stringContaining('before-eleven')]);
});

/** A run that begins when an earlier one under its id has ended, and is listed, with that job. */
async function secondUnderItsId(jobId: string): Promise<LongtakeHandle> {
  const first = await rig.start();
  await first.result();
  const { workflowId } = first;
  const { workflow } = rig.temporal;
  await expect
    .poll(() => workflow.count(`WorkflowId = '${workflowId}' AND LongtakeJobId = '${jobId}'`))
    .toMatchObject({ count: 1 });
  const args = [withDefaults({ output: `after-${jobId}.mp4` })];
  await workflow.start('generateVideo', { workflowId, taskQueue: rig.taskQueue, args });
  return rig.client.handle(workflowId);
}

it('a job that is named before the run has sent anything is not taken for its own', async () => {
  rig.provider.script = {
    submit: async () => {
      await tell(handle, { jobId: 'own-one' });
      return refusal(500, 'who knows');
    },
    poll: ({ jobId }) => completed(jobId),
  };
  await rig.worker?.stop();
  const handle = await rig.start();
  await tell(handle, { jobId: 'named-early' });
  await rig.startWorker();
  expect((await handle.result()).jobId).toBe('own-one');
});

it('a question names a job that was named before the run had sent anything as none of its own', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows'), poll: ({ jobId }) => completed(jobId) };
  const handle = await rig.client.start(withDefaults({}), { id: `early-${rig.taskQueue}` });
  await tell(handle, { jobId: 'named-early' });
  const { error } = await awaiting(handle);
  expect(error?.message).toContain('named-early, of which the provider told before the request had left, is not of');
  await handle.resolveSubmission({ action: 'abandon' });
});

it('what an operator had sent again in spite of is shown from then on', async () => {
  rig.provider.script = {
    submit: ({ n }) => (n === 1 ? refusal(500, 'who knows') : refusal(429, 'slow down', LATER)),
    poll: () => refusal(500, 'not now'),
  };
  const handle = await rig.start();
  await awaiting(handle);
  await tell(handle, { jobId: 'job-first' });
  await until(handle, ({ error }) => /could not be read yet/.test(error?.message ?? ''));
  await handle.resolveSubmission({ action: 'resubmit' });
  await untilSent(2);
  expect((await handle.status()).warnings).toEqual([
    expect.stringMatching(/^Also in doubt, and perhaps billed: the submit sent after \S+Z\.$/),
    expect.stringMatching(/tells of job job-first .*: longtake adopt job-first$/),
  ]);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ message: expect.stringContaining('job-first') as string });
});

it.each<[string, (jobId: string) => Reply]>([
  ['', (jobId) => job(jobId, 'in_progress')],
  [', also where it cannot be read just then', () => refusal(503, 'a storm')],
])('a second job of a run that follows its own is told of%s', async (_, second) => {
  rig.provider.script = { poll: ({ jobId }) => (jobId === 'second' ? second : job)(jobId, 'in_progress') };
  const handle = await rig.start(PATIENT);
  await until(handle, ({ state }) => state === 'generating');
  await tell(handle, { jobId: 'second' });
  await until(handle, ({ warnings }) => warnings.some((warning) => warning.endsWith('longtake adopt second')));
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ message: expect.stringContaining('adopt second') as string });
});
