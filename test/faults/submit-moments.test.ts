import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LongtakeHandle, RunStatus } from '../../src/client/index.js';
import { SENDING_SIGNAL } from '../../src/contract/names.js';
import { accepted, completed, refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { postEvent } from '../support/webhook.js';
import { httpAddressOf, startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/**
 * One worker process is killed with SIGKILL while runs stand at every moment of a submit; a second one takes over. The
 * wire between the first worker and Temporal goes through a proxy, so that each moment can be held.
 */

const SECRET = 'whsec-moments';
/** Where the run stands when its worker dies, and what is done about it. */
const RUNS = [
  'before the mark',
  'after the mark',
  'before the answer, then adopted',
  'before the answer, then submitted again',
  'before the answer, then abandoned',
  'before the answer, then told by webhook',
  'after the answer',
  'never answered',
] as const;
type Name = (typeof RUNS)[number];

const POSTS_BEFORE_THE_ANSWER = RUNS.filter((name) => name.startsWith('before the answer')).length;

let rig: Rig;
let proxy: TcpProxy;
let first: WorkerProcess;
const workers: WorkerProcess[] = [];
let receiver: string;
let killedAt: number;
let earlyEvent: number;
const runs = new Map<Name, LongtakeHandle>();
/** `POST /videos`, by run: what the provider saw. */
const posts = new Map<string, number>();
let answerLate: () => void = () => undefined;

// The server misses a worker after half a minute.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(async () => {
  const gate = new Promise<void>((resolve) => (answerLate = resolve));
  rig = await startRig({
    worker: false,
    environment: { OPENROUTER_WEBHOOK_SECRET: SECRET, LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0' },
    script: {
      submit: async ({ json }) => {
        const name = String(json['prompt']);
        const count = (posts.get(name) ?? 0) + 1;
        posts.set(name, count);
        if (name === 'after the answer') {
          await gate;
          return accepted(jobOf(name));
        }
        if (name.startsWith('before the answer') || name === 'never answered')
          return count === 1 ? null : accepted(jobOf(name));
        return accepted(jobOf(name));
      },
      poll: ({ jobId }) => (jobId.startsWith('job of ') ? completed(jobId) : refusal(404, 'no such job')),
    },
  });
  proxy = await startTcpProxy(rig.environment['TEMPORAL_ADDRESS'] ?? '');
  first = await startWorkerProcess({ ...rig.environment, TEMPORAL_ADDRESS: proxy.address });
  workers.push(first);
  await bringRunsToTheirMoments();
  await first.kill();
  killedAt = performance.now();
  const second = await startWorkerProcess(rig.environment);
  workers.push(second);
  receiver = await httpAddressOf(second);
  await start('never answered');
  // Early: the run does not know yet that its submit is in doubt.
  earlyEvent = await postEvent(receiver, run('after the answer').workflowId, {
    secret: SECRET,
    jobId: jobOf('after the answer'),
  });
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await proxy.close();
  await rig.stop();
});

function jobOf(name: string): string {
  return `job of ${name}`;
}

function run(name: Name): LongtakeHandle {
  const handle = runs.get(name);
  if (handle === undefined) throw new Error(`there is no run ${name}`);
  return handle;
}

async function start(name: Name): Promise<void> {
  runs.set(
    name,
    await rig.start({ request: { model: 'test/model', prompt: name, duration: 4 }, output: `${name}.mp4` }),
  );
}

/** What the server holds of a submit while it runs: the run's own word comes first, then the heartbeat. */
async function submitOf(name: Name): Promise<{ started: boolean; marked: boolean }> {
  const handle = rig.temporal.workflow.getHandle(run(name).workflowId);
  const [{ raw }, { events }] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const submit = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'submitVideo');
  return {
    started: (submit?.lastStartedTime ?? null) !== null,
    marked: (events ?? []).some(
      ({ workflowExecutionSignaledEventAttributes: it }) => it?.signalName === SENDING_SIGNAL,
    ),
  };
}

/** Well before the worker would give up waiting for an acknowledgement. */
async function soon(condition: () => boolean | Promise<boolean>, timeout = 8_000): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await condition()).toBe(true);
    },
    { timeout, interval: 20 },
  );
}

async function bringRunsToTheirMoments(): Promise<void> {
  // What is open now is the worker's own; its marks travel over a connection that it opens for the first of them.
  const own = new Set(proxy.connections);
  const early = RUNS.filter((name) => name.startsWith('before the answer') || name === 'after the answer');
  for (const name of early) await start(name);
  await soon(() => posts.size === POSTS_BEFORE_THE_ANSWER + 1, 30_000);
  const marks = proxy.connections.filter((wire) => !own.has(wire));
  expect(marks).toHaveLength(1);

  // The mark arrives, its acknowledgement does not: from here on the worker waits ten seconds for it.
  for (const wire of marks) wire.holdAnswerTo(SENDING_SIGNAL);
  await start('after the mark');
  await soon(async () => (await submitOf('after the mark')).marked);

  // Now the mark does not arrive either.
  for (const wire of marks) wire.hold('toServer');
  const heldBytes = () => marks.reduce((sum, wire) => sum + wire.heldBytes('toServer'), 0);
  const before = heldBytes();
  await start('before the mark');
  await soon(async () => (await submitOf('before the mark')).started && heldBytes() > before);
  expect((await submitOf('before the mark')).marked).toBe(false);

  // The answer comes, and nobody but the worker hears of it.
  for (const wire of proxy.connections) wire.hold('toServer');
  answerLate();
  await first.says(/the provider accepted the job/);
}

/** In doubt, within a minute of the death, without a second request. */
async function expectDoubt(name: Name): Promise<RunStatus> {
  const status = await until(run(name), ({ state }) => state === 'awaiting_decision');
  expect(status).toMatchObject({ jobId: null, error: { type: 'SubmissionUnknown' } });
  return status;
}

describe('a worker killed with SIGKILL', () => {
  it('before the mark: the run is saved by one POST, and nobody is asked', async () => {
    const seen = new Set<string>();
    for await (const { state } of run('before the mark').follow({ intervalMs: 50 })) seen.add(state);
    expect(seen).not.toContain('awaiting_decision');
    expect((await run('before the mark').result()).jobId).toBe(jobOf('before the mark'));
    expect(posts.get('before the mark')).toBe(1);
  });

  it('after the mark: a person is asked although nothing left, and the run is saved by one POST once she says so', async () => {
    await expectDoubt('after the mark');
    expect(performance.now() - killedAt).toBeLessThan(60_000);
    expect(posts.get('after the mark')).toBeUndefined();
    await run('after the mark').resolveSubmission({ action: 'resubmit' });
    await run('after the mark').result();
    expect(posts.get('after the mark')).toBe(1);
  });

  it('after the request left: the job that a person found is adopted', async () => {
    const name = 'before the answer, then adopted';
    await expectDoubt(name);
    expect(performance.now() - killedAt).toBeLessThan(60_000);
    await expect(run(name).resolveSubmission({ action: 'adopt', jobId: 'made up' })).rejects.toThrow('made up');
    await run(name).resolveSubmission({ action: 'adopt', jobId: jobOf(name) });
    expect((await run(name).result()).jobId).toBe(jobOf(name));
    expect(posts.get(name)).toBe(1);
  });

  it('after the request left: a second request goes out because a person says so, and only then', async () => {
    const name = 'before the answer, then submitted again';
    await expectDoubt(name);
    expect(posts.get(name)).toBe(1);
    await run(name).resolveSubmission({ action: 'resubmit' });
    await run(name).result();
    expect(posts.get(name)).toBe(2);
  });

  it('after the request left: it can be abandoned', async () => {
    const name = 'before the answer, then abandoned';
    await expectDoubt(name);
    await run(name).resolveSubmission({ action: 'abandon' });
    await expect(run(name).result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
    expect(posts.get(name)).toBe(1);
  });

  it('after the request left: the provider’s signed event names the job, and nobody is asked any more', async () => {
    const name = 'before the answer, then told by webhook';
    await expectDoubt(name);
    const event = { secret: SECRET, jobId: jobOf(name) };
    expect(await postEvent(receiver, run(name).workflowId, { ...event, secret: 'forged' })).toBe(401);
    expect(await postEvent(receiver, run(name).workflowId, event)).toBe(204);
    expect((await run(name).result()).jobId).toBe(jobOf(name));
    expect(posts.get(name)).toBe(1);
  });

  it('after the answer, before it was recorded: the event that was early adopts the job as soon as there is doubt', async () => {
    const name = 'after the answer';
    expect(earlyEvent).toBe(204);
    expect((await run(name).result()).jobId).toBe(jobOf(name));
    expect(posts.get(name)).toBe(1);
  });
});

it('an answer that never comes is a doubt after a minute', async () => {
  await expectDoubt('never answered');
  await run('never answered').resolveSubmission({ action: 'resubmit' });
  await run('never answered').result();
  expect(posts.get('never answered')).toBe(2);
});

it('leaves one whole file for every run that was saved', async () => {
  const saved = RUNS.filter((name) => name !== 'before the answer, then abandoned').map((name) => `${name}.mp4`);
  expect((await readdir(rig.storage)).sort()).toEqual(saved.sort());
});
