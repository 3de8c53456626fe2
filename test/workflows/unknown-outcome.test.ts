import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LongtakeError, type LongtakeHandle } from '../../src/client/index.js';
import type { ResolveSubmission } from '../../src/contract/types.js';
import { accepted, completed, job, refusal, type Call, type Handler, type Reply } from '../support/provider.js';
import { startRig, until, withDefaults, type Rig } from '../support/rig.js';

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

const awaiting = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');

const reset: Handler = ({ request }) => {
  request.socket.destroy();
  return null;
};
const cutOff: Handler = ({ response }) => {
  response.writeHead(202, { 'content-length': '200', 'content-type': 'application/json' });
  response.write('{"id":"job-lost","sta', () => response.destroy());
  return null;
};
const says =
  (reply: Reply): Handler =>
  () =>
    reply;

/** Loses the first answer, takes the second submit. */
const lostOnce: Handler = (call: Call) => (call.n === 1 ? reset(call) : accepted(`job-${call.n}`));

describe('a submit whose outcome nobody knows', () => {
  it.each<[string, Handler]>([
    ['408', says(refusal(408, 'too slow'))],
    ['500', says(refusal(500, 'oops'))],
    ['502', says(refusal(502, 'bad gateway'))],
    ['503 of a proxy', says({ status: 503, body: '<html>unavailable</html>' })],
    ['504', says(refusal(504, 'timeout'))],
    ['524', says(refusal(524, 'timeout'))],
    ['529', says(refusal(529, 'overloaded'))],
    ['a reset before the answer', reset],
    ['an answer that breaks off', cutOff],
    ['202 with HTML', says({ status: 202, body: '<html></html>' })],
    ['202 with broken JSON', says({ status: 202, body: '{"id": ' })],
    ['202 without an id', says({ status: 202, body: { status: 'pending' } })],
    ['202 with an empty id', says({ status: 202, body: { id: '', status: 'pending' } })],
  ])('%s: asks a person, and sends nothing again', async (_what, submit) => {
    rig.provider.script = { submit };
    const handle = await rig.start();
    const status = await awaiting(handle);
    expect(status).toMatchObject({ jobId: null, error: { type: 'SubmissionUnknown' } });
    expect(status.error?.message).toContain('$0.12');
    await handle.resolveSubmission({ action: 'abandon' });
    await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('adopts the job that an operator found', async () => {
    rig.provider.script = { submit: reset };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'adopt', jobId: 'found-it' });
    expect((await handle.result()).jobId).toBe('found-it');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('submits again only because an operator says so, and may end unknown again', async () => {
    rig.provider.script = { submit: ({ n, ...call }) => (n < 3 ? reset({ n, ...call }) : accepted(`job-${n}`)) };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    const { error } = await awaiting(handle);
    expect(error?.message).toMatch(
      /In doubt is the submit sent after \S+Z\. Also in doubt, and perhaps billed as well: the submit sent after \S+Z\.$/,
    );
    expect(rig.provider.submits).toHaveLength(2);
    await handle.resolveSubmission({ action: 'resubmit' });
    expect((await handle.result()).jobId).toBe('job-3');
    expect(rig.provider.submits).toHaveLength(3);
  });

  it('says to its end that more was sent than the job it has, and lets no event end it with a job that came to nothing', async () => {
    rig.provider.script = {
      submit: reset,
      poll: ({ jobId }) => (jobId === 'bad-1' ? job(jobId, 'failed') : completed(jobId)),
    };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await awaiting(handle);
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    await raw.signal('providerEvent', { jobId: 'bad-1', status: 'failed' });
    await until(handle, ({ error }) =>
      /led to job bad-1, which the provider calls failed\.$/.test(error?.message ?? ''),
    );
    await handle.resolveSubmission({ action: 'adopt', jobId: 'good-2' });
    expect((await handle.result()).jobId).toBe('good-2');
    const { warnings } = await handle.status();
    expect(warnings.slice(0, 3)).toEqual([
      expect.stringMatching(/^Also in doubt, and perhaps billed: the submit sent after \S+Z\.$/),
      expect.stringMatching(/^Job good-2 came of one of these, and the others may be billed as well: .*Z; .*Z\.$/),
      expect.stringMatching(/tells of job bad-1 /),
    ]);
  });

  it('does not forget a submit in doubt once a second one is accepted, also when that fails', async () => {
    rig.provider.script = { submit: lostOnce, poll: ({ jobId }) => job(jobId, 'failed') };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    const told = expect.stringMatching(/Also in doubt, and perhaps billed: the submit sent after \S+Z\.$/) as string;
    await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed', message: told });
    expect((await handle.status()).warnings).toEqual([told]);
  });

  it('does not take the job of an earlier run under the same id for its own', async () => {
    rig.provider.script = {
      submit: (call) => (call.n === 1 ? accepted('earlier-1') : reset(call)),
      poll: ({ jobId }) => completed(jobId),
    };
    const first = await rig.start();
    await first.result();
    const { workflowId } = first;
    const { workflow } = rig.temporal;
    await expect
      .poll(() => workflow.count(`WorkflowId = '${workflowId}' AND LongtakeJobId = 'earlier-1'`))
      .toMatchObject({ count: 1 });
    const args = [withDefaults({ output: 'second.mp4' })];
    await workflow.start('generateVideo', { workflowId, taskQueue: rig.taskQueue, args });
    const second = rig.client.handle(workflowId);
    await awaiting(second);
    await workflow.getHandle(workflowId).signal('providerEvent', { jobId: 'earlier-1', status: 'completed' });
    await workflow.getHandle(workflowId).signal('providerEvent', { jobId: 'own-2', status: 'completed' });
    expect((await second.result()).jobId).toBe('own-2');
  });

  it('counts every submit in doubt when an operator abandons them', async () => {
    rig.provider.script = { submit: reset };
    const handle = await rig.start();
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'abandon' });
    await expect(handle.result()).rejects.toMatchObject({
      type: 'SubmissionAbandoned',
      message: expect.stringMatching(
        /abandoned 2 submits .*In doubt is the submit sent after \S+Z\. Also in doubt, .*: the submit sent after \S+Z\./,
      ) as string,
    });
  });

  it('names the first job as well when it turns out to exist after a second was paid for', async () => {
    rig.provider.script = { submit: lostOnce, poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start({ polling: { initialInterval: '1h' } });
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await until(handle, ({ jobId }) => jobId === 'job-2');
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    for (const status of ['completed', 'expired']) await raw.signal('providerEvent', { jobId: 'job-1', status });
    const { warnings } = await until(handle, (status) => status.warnings.length > 1);
    expect(warnings).toEqual([
      expect.stringMatching(/^Also in doubt, and perhaps billed: /),
      expect.stringMatching(/job-1 .*may be billed as well.*: longtake adopt job-1$/),
    ]);
    expect(rig.provider.polls).toEqual([]);

    rig.provider.script.poll = ({ jobId }) => completed(jobId);
    await raw.signal('providerEvent', { jobId: 'job-2', status: 'completed' });
    expect((await handle.result()).jobId).toBe('job-2');
    expect((await handle.status()).warnings).toEqual(expect.arrayContaining(warnings));
  });

  it('is told of a few other jobs, and not of so many that its memo could not hold them', async () => {
    rig.provider.script = { submit: lostOnce, poll: ({ jobId }) => completed(jobId) };
    const handle = await rig.start({ polling: { initialInterval: '1h' } });
    await awaiting(handle);
    await handle.resolveSubmission({ action: 'resubmit' });
    await until(handle, ({ jobId }) => jobId === 'job-2');
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    for (let n = 0; n < 40; n++) await raw.signal('providerEvent', { jobId: `other-${n}`, status: 'completed' });
    await raw.signal('providerEvent', { jobId: 'job-2', status: 'completed' });
    await handle.result();
    const others = (await handle.status()).warnings.filter((warning) => warning.includes('also tells of job other-'));
    expect(others.length).toBeGreaterThan(10);
    expect(others.length).toBeLessThanOrEqual(20);
  });

  it('refuses an adopted job that does not exist, and goes on waiting', async () => {
    rig.provider.script = {
      submit: reset,
      poll: ({ jobId }) => (jobId === 'real' ? completed(jobId) : refusal(404, 'no')),
    };
    const handle = await rig.start();
    await awaiting(handle);
    await expect(handle.resolveSubmission({ action: 'adopt', jobId: 'made-up' })).rejects.toMatchObject({
      type: 'UpdateRefused',
      message: expect.stringContaining('made-up') as string,
    });
    expect((await handle.status()).state).toBe('awaiting_decision');
    await handle.resolveSubmission({ action: 'adopt', jobId: 'real' });
    expect((await handle.result()).jobId).toBe('real');
  });

  it('refuses the job of another run, also of one that is closed, and waits on for its own', async () => {
    rig.provider.script = {
      submit: lostOnce,
      poll: ({ jobId }) => completed(jobId),
    };
    const waiting = await rig.start();
    await awaiting(waiting);
    const other = await rig.start();
    const { jobId } = await other.result();
    const closed = `LongtakeJobId = '${jobId}' AND ExecutionStatus = 'Completed' AND WorkflowId = '${other.workflowId}'`;
    await expect.poll(async () => (await rig.temporal.workflow.count(closed)).count).toBe(1);
    await expect(waiting.resolveSubmission({ action: 'adopt', jobId })).rejects.toMatchObject({
      message: expect.stringContaining(other.workflowId) as string,
    });
    await rig.temporal.workflow.getHandle(waiting.workflowId).signal('providerEvent', { jobId, status: 'completed' });
    await waiting.resolveSubmission({ action: 'adopt', jobId: 'its-own' });
    expect((await waiting.result()).jobId).toBe('its-own');
  });

  it('looks at every job that events name: one that is not to be had does not hold up the right one', async () => {
    rig.provider.script = {
      submit: lostOnce,
      poll: ({ jobId }) => (jobId === 'right' ? completed(jobId) : refusal(404, 'no such job')),
    };
    const handle = await rig.start();
    await awaiting(handle);
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    await raw.signal('providerEvent', { jobId: 'wrong', status: 'completed' });
    await expect.poll(() => rig.provider.polls.includes('wrong')).toBe(true);
    await raw.signal('providerEvent', { jobId: 'right', status: 'completed' });
    expect((await handle.result()).jobId).toBe('right');
  });

  it('never ends without a word on a submit in doubt, and on the jobs that events named', async () => {
    rig.provider.script = {
      submit: ({ n, response }) => {
        if (n > 1) return refusal(402, 'no credits');
        response.destroy();
        return null;
      },
      poll: () => refusal(503, 'away'),
    };
    const handle = await rig.start();
    await awaiting(handle);
    await rig.temporal.workflow
      .getHandle(handle.workflowId)
      .signal('providerEvent', { jobId: 'told', status: 'completed' });
    await until(handle, ({ error }) => error?.message.includes('told of job told,') === true);
    await handle.resolveSubmission({ action: 'resubmit' });
    await expect(handle.result()).rejects.toMatchObject({
      type: 'InsufficientCredits',
      message: expect.stringMatching(
        /An earlier submit of this run is in doubt all the same: a job may exist and be billed\. The provider told of job told; to save its video: longtake adopt told$/,
      ) as string,
    });
    const raw: unknown = await rig.temporal.workflow
      .getHandle(handle.workflowId)
      .result()
      .catch((error: unknown) => error);
    expect(raw).toMatchObject({ cause: { details: [{ billed: 'maybe' }] } });
  });

  it('refuses a job that another run follows', async () => {
    rig.provider.script = {
      submit: (call) => (call.n === 1 ? reset(call) : accepted('followed-there')),
      poll: ({ jobId }) => job(jobId, 'in_progress'),
    };
    const waiting = await rig.start();
    await awaiting(waiting);
    const other = await rig.start({ polling: { initialInterval: '1h' } });
    await until(other, ({ state }) => state === 'generating');
    // Visibility follows the run within moments.
    const listed = `LongtakeJobId = 'followed-there' AND WorkflowId = '${other.workflowId}'`;
    await expect.poll(() => rig.temporal.workflow.count(listed)).toMatchObject({ count: 1 });
    await expect(waiting.resolveSubmission({ action: 'adopt', jobId: 'followed-there' })).rejects.toMatchObject({
      message: expect.stringContaining(other.workflowId) as string,
    });
    await Promise.all([waiting.cancel(), other.cancel()]);
  });

  it('refuses answers when nothing waits, and answers that make no sense', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start();
    await until(handle, ({ state }) => state === 'generating');
    await expect(handle.resolveSubmission({ action: 'resubmit' })).rejects.toMatchObject({ type: 'UpdateRefused' });
    await expect(handle.resolveSubmission({ action: 'adopt', jobId: '..' })).rejects.toBeInstanceOf(LongtakeError);
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    await expect(raw.executeUpdate('resolveSubmission', { args: [{ action: 'what' }] })).rejects.toThrow();
    await expect(raw.executeUpdate('resolveSubmission')).rejects.toThrow();
    expect(rig.provider.submits).toHaveLength(1);
    await handle.cancel();
  });

  it.each([
    null,
    'abandon',
    { action: 'adopt' },
    { action: 'resubmit', jobId: 'meant-to-be-adopted' },
    { action: 'abandon', x: 1 },
  ])('refuses an answer that may mean something else: %j', async (answer) => {
    rig.provider.script = { submit: lostOnce };
    const handle = await rig.start();
    await awaiting(handle);
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    await expect(raw.executeUpdate('resolveSubmission', { args: [answer] })).rejects.toMatchObject({
      cause: { type: 'InvalidRequest', message: expect.stringContaining('The answer is malformed') as string },
    });
    expect(rig.provider.submits).toHaveLength(1);
    await handle.resolveSubmission({ action: 'abandon' });
  });

  it('takes one of two answers given at once', async () => {
    rig.provider.script = { submit: lostOnce };
    const handle = await rig.start();
    await awaiting(handle);
    const answers = await Promise.allSettled([
      handle.resolveSubmission({ action: 'resubmit' }),
      handle.resolveSubmission({ action: 'resubmit' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await handle.result();
    expect(rig.provider.submits).toHaveLength(2);
  });

  it('adopts the job that a provider event names, after reading it', async () => {
    rig.provider.script = {
      submit: reset,
      poll: ({ n, jobId }) => (n === 1 ? refusal(503, 'later') : completed(jobId)),
    };
    const handle = await rig.start({ polling: { initialInterval: '10ms', maximumInterval: '10ms' } });
    await awaiting(handle);
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    await raw.signal('providerEvent', { jobId: 'not/..', status: 'completed' });
    rig.provider.script.poll = ({ jobId }) => completed(jobId);
    await raw.signal('providerEvent', { jobId: 'by-event', status: 'completed' });
    expect((await handle.result()).jobId).toBe('not/..');
  });

  /** A run that awaits a decision, while the provider answers like that to whoever asks for a job. */
  async function inDoubt(poll: Handler) {
    rig.provider.script = { submit: () => refusal(500, 'who knows'), poll };
    const handle = await rig.start();
    await awaiting(handle);
    return { handle, raw: rig.temporal.workflow.getHandle(handle.workflowId) };
  }

  it('that cannot be read yet is named to the person who is asked whether to pay again', async () => {
    const { handle, raw } = await inDoubt(() => refusal(503, 'later'));
    await raw.signal('providerEvent', { jobId: 'told', status: 'completed' });
    const { error } = await until(handle, (status) => status.error?.message.includes('told of job') === true);
    expect(error?.message).toMatch(/told of job told, which could not be read yet: before .* try to adopt it\.$/);
    rig.provider.script = { poll: ({ jobId }) => (jobId === 'told' ? refusal(503, 'later') : completed(jobId)) };
    await handle.resolveSubmission({ action: 'resubmit' });
    const { warnings } = await until(handle, (status) => status.jobId !== null);
    expect(warnings.join()).toContain('longtake adopt told');
  });

  it('that could not be read is looked at once more before the request is sent again', async () => {
    const { handle, raw } = await inDoubt(() => refusal(503, 'later'));
    const before = rig.provider.submits.length;
    await raw.signal('providerEvent', { jobId: 'readable-now', status: 'completed' });
    await until(handle, (status) => status.error?.message.includes('told of job') === true);
    rig.provider.script = {};
    await expect(handle.resolveSubmission({ action: 'resubmit' })).rejects.toMatchObject({
      message: 'A job turned up in that moment: the run follows readable-now.',
    });
    expect((await handle.result()).jobId).toBe('readable-now');
    expect(rig.provider.submits).toHaveLength(before);
  });

  it('that could not be read is still named where the run is terminated, and by its record', async () => {
    const { handle, raw } = await inDoubt(() => refusal(503, 'later'));
    await raw.signal('providerEvent', { jobId: 'on-record', status: 'completed' });
    await until(handle, (status) => status.error?.message.includes('told of job') === true);
    await raw.terminate();
    const { error } = await handle.status();
    expect(error?.message).toMatch(
      /The provider told of job on-record, .* If the job is there: longtake adopt --output \S+ JOB_ID$/,
    );
  });

  /** A run in doubt that looks at job `turned-up`, which an event named, until it is let. */
  async function whileItLooks(found: (jobId: string) => Reply = completed) {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const { handle, raw } = await inDoubt(async ({ jobId }) => {
      if (jobId !== 'turned-up') return completed(jobId);
      await answered;
      return found(jobId);
    });
    await raw.signal('providerEvent', { jobId: 'turned-up', status: 'completed' });
    await expect.poll(() => rig.provider.polls.includes('turned-up')).toBe(true);
    return { handle, answer };
  }

  async function isWithRun({ workflowId }: LongtakeHandle): Promise<boolean> {
    const { events } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).some((event) => Boolean(event.workflowExecutionUpdateAcceptedEventAttributes));
  }

  /** The provider answers once the run has the decision, some seconds into the look. */
  async function answered(handle: LongtakeHandle, decision: ResolveSubmission, answer: () => void) {
    const taken = handle.resolveSubmission(decision).catch((error: unknown) => error);
    await expect.poll(() => isWithRun(handle)).toBe(true);
    if (decision.action === 'adopt') await expect.poll(() => rig.provider.polls.includes(decision.jobId)).toBe(true);
    answer();
    return await taken;
  }

  it('do not overrule a person who adopts another one in the same moment, and are named', async () => {
    const { handle, answer } = await whileItLooks();
    await answered(handle, { action: 'adopt', jobId: 'persons-own' }, answer);
    expect((await handle.result()).jobId).toBe('persons-own');
    expect((await handle.status()).warnings.join()).toContain('longtake adopt turned-up');
  });

  it('do not overrule a person who abandons the run in the same moment, and are named', async () => {
    const { handle, answer } = await whileItLooks();
    await answered(handle, { action: 'abandon' }, answer);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'SubmissionAbandoned',
      message: expect.stringMatching(/longtake adopt turned-up$/) as string,
    });
  });

  it('save a person who has the request sent again in the same moment from paying twice, which is told', async () => {
    const { handle, answer } = await whileItLooks();
    expect(await answered(handle, { action: 'resubmit' }, answer)).toMatchObject({
      type: 'UpdateRefused',
      message: expect.stringContaining('the run follows turned-up') as string,
    });
    expect((await handle.result()).jobId).toBe('turned-up');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('are told, where they cannot be read, to a person who has the request sent again before she can have heard of them', async () => {
    const { handle, answer } = await whileItLooks(() => refusal(503, 'later'));
    expect(await answered(handle, { action: 'resubmit' }, answer)).toMatchObject({
      type: 'UpdateRefused',
      message: expect.stringContaining('asks once more') as string,
    });
    const { state, error } = await handle.status();
    expect(state).toBe('awaiting_decision');
    expect(error?.message).toContain('told of job turned-up,');
    expect(rig.provider.submits).toHaveLength(1);
    rig.provider.script = {};
    await handle.resolveSubmission({ action: 'resubmit' });
    await handle.result();
    expect(rig.provider.submits).toHaveLength(2);
  });

  it('are looked at before the request is sent again for a person who cannot have heard of them', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const { handle, raw } = await inDoubt(async ({ jobId }) => {
      if (jobId === 'came-next') return completed(jobId);
      await asked;
      return refusal(404, 'no such job');
    });
    await raw.signal('providerEvent', { jobId: 'not-there', status: 'completed' });
    await expect.poll(() => rig.provider.polls.includes('not-there')).toBe(true);
    await raw.signal('providerEvent', { jobId: 'came-next', status: 'completed' });
    expect(await answered(handle, { action: 'resubmit' }, answer)).toMatchObject({
      type: 'UpdateRefused',
      message: expect.stringContaining('the run follows came-next') as string,
    });
    expect((await handle.result()).jobId).toBe('came-next');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('are each named once, however many there are and however alike', async () => {
    const { handle, raw } = await inDoubt(() => refusal(503, 'later'));
    const told = (list: string) =>
      until(handle, ({ error }) => error?.message.includes(`told of job ${list},`) === true);
    await raw.signal('providerEvent', { jobId: 'job-10', status: 'completed' });
    await told('job-10');
    await raw.signal('providerEvent', { jobId: 'job-1', status: 'completed' });
    const { error } = await told('job-10, job-1');
    expect(error?.message.match(/could not be read yet/g)).toHaveLength(1);
  });

  it('is not crowded out by events of jobs that are not there', async () => {
    rig.provider.script = {
      submit: () => refusal(500, 'who knows'),
      poll: ({ jobId }) => (jobId === 'the-one' ? completed(jobId) : refusal(404, 'no such job')),
    };
    const handle = await rig.start();
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    await until(handle, ({ state }) => state === 'awaiting_decision');
    for (let n = 0; n < 30; n++) await raw.signal('providerEvent', { jobId: `not-there-${n}`, status: 'completed' });
    await raw.signal('providerEvent', { jobId: 'the-one', status: 'completed' });
    expect((await handle.result()).jobId).toBe('the-one');
  });
});

describe('a provider event', () => {
  it('hurries the next poll of a waiting run', async () => {
    const handle = await rig.start({ polling: { initialInterval: '1h' } });
    const { jobId } = await until(handle, ({ state }) => state === 'generating');
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    rig.provider.script = { poll: ({ jobId: asked }) => completed(asked) };
    await raw.signal('providerEvent', { jobId, status: 'completed' });
    expect((await handle.result()).polls).toBe(1);
  });

  it('that comes while the provider asks for patience makes the run poll when that is over', async () => {
    const askedAt: number[] = [];
    rig.provider.script = {
      poll: ({ jobId }) => {
        askedAt.push(performance.now());
        return askedAt.length === 1 ? refusal(503, 'busy', { 'Retry-After': '3' }) : completed(jobId);
      },
    };
    const handle = await rig.start({ jobId: 'made', polling: { initialInterval: '1h', maximumInterval: '1h' } });
    await until(handle, ({ polls }) => polls === 1);
    await rig.temporal.workflow
      .getHandle(handle.workflowId)
      .signal('providerEvent', { jobId: 'made', status: 'completed' });
    expect((await handle.result()).polls).toBe(2);
    const [first = Infinity, second = 0] = askedAt;
    expect(second - first).toBeGreaterThanOrEqual(3_000);
  });

  it('is not believed, and does nothing twice', async () => {
    rig.provider.script = {
      poll: ({ jobId }) => (jobId === 'no-such-job' ? refusal(404, 'no such job') : job(jobId, 'in_progress')),
    };
    const handle = await rig.start({ polling: { initialInterval: '1h' } });
    const { jobId } = await until(handle, ({ state }) => state === 'generating');
    const raw = rig.temporal.workflow.getHandle(handle.workflowId);
    for (let i = 0; i < 5; i++) await raw.signal('providerEvent', { jobId, status: 'completed' });
    for (let i = 0; i < 2; i++) await raw.signal('providerEvent', { jobId: 'no-such-job', status: 'completed' });
    for (const nonsense of [undefined, null, 'text', { jobId: 7 }]) await raw.signal('providerEvent', nonsense);
    await expect.poll(() => rig.provider.polls.filter((polled) => polled === jobId).length).toBe(1);
    // The provider's books can lag behind its events, so that a job it does not know is told of as well.
    const { warnings } = await until(handle, ({ warnings: told }) => told.length > 0);
    expect(warnings).toEqual([expect.stringMatching(/tells of job no-such-job for this run/)]);
    expect(await handle.status()).toMatchObject({ state: 'generating', polls: 1, providerStatus: 'in_progress' });
    await handle.cancel();
  });
});
