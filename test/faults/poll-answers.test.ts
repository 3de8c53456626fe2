import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LongtakeError, LongtakeHandle } from '../../src/client/index.js';
import { accepted, completed, job, refusal, video, type Call, type Handler, type Reply } from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';

/** Everything that a poll of a paid job may hear, once, ten times in a row, and for ever; every job polls at once. */

interface Fault {
  readonly name: string;
  readonly answer: Handler;
  /** How a run ends that never hears anything else. Default: when its bound is met. */
  readonly forEver?: string;
}

const status = (code: number, forEver?: string): Fault => ({
  name: `a ${code}`,
  answer: () => refusal(code, 'not now'),
  ...(forEver === undefined ? {} : { forEver }),
});

const FAULTS: readonly Fault[] = [
  ...[400, 402, 408, 409, 410, 413, 422, 500, 502, 503, 504, 524, 529].map((code) => status(code)),
  status(401, 'AuthenticationFailed'),
  status(403, 'PermissionDenied'),
  { name: 'a 429', answer: () => refusal(429, 'slow down', { 'retry-after': '0' }) },
  { name: 'HTML', answer: () => ({ body: '<html></html>', headers: { 'content-type': 'text/html' } }) },
  { name: 'broken JSON', answer: () => ({ body: '{"id": "job' }) },
  { name: 'nothing', answer: () => ({ body: '' }) },
  { name: 'a redirect elsewhere', answer: () => ({ status: 302, headers: { location: 'https://127.0.0.1:1/' } }) },
  { name: 'a broken connection', answer: hangUp },
  { name: 'a status that nobody knows', answer: ({ jobId }) => job(jobId, 'pondering') },
  { name: 'a job without a status', answer: ({ jobId }) => ({ body: { id: jobId } }) },
  { name: 'pending after in_progress', answer: ({ n, jobId }) => job(jobId, n % 2 === 0 ? 'pending' : 'in_progress') },
];

const SOON = { 'retry-after': '3' };
const TIMES = [1, 10, Infinity];
const CASES = FAULTS.flatMap((fault) => TIMES.map((times) => ({ fault, times, run: `${fault.name}, ${times}` })));

let rig: Rig;
const handles = new Map<string, LongtakeHandle>();
const pollsOf = new Map<string, number>();

function hangUp({ request }: Call): null {
  request.socket.destroy();
  return null;
}

/** Every run's prompt is its job's id. */
async function poll(call: Call) {
  const { jobId } = call;
  const n = (pollsOf.get(jobId) ?? 0) + 1;
  pollsOf.set(jobId, n);
  const found = CASES.find(({ run }) => run === jobId);
  return found !== undefined && n <= found.times ? await found.fault.answer({ ...call, n }) : completed(jobId);
}

beforeAll(async () => {
  rig = await startRig({ script: { submit: ({ json }) => accepted(String(json['prompt'])), poll } });
  const started = CASES.map(async ({ run, times }) => {
    const polling = {
      initialInterval: '20ms',
      maximumInterval: '20ms',
      ...(times === Infinity ? { maximumAttempts: 7 } : {}),
    };
    handles.set(run, await rig.start({ request: { model: 'test/model', prompt: run, duration: 4 }, polling }));
  });
  await Promise.all(started);
});
afterAll(async () => {
  await rig.stop();
});

function resultOf(run: string) {
  const handle = handles.get(run);
  if (handle === undefined) throw new Error(`there is no run ${run}`);
  return handle.result();
}

describe.each(CASES.filter(({ times }) => times !== Infinity))('$fault.name, $times in a row,', ({ run, times }) => {
  it('costs polls and nothing else', async () => {
    expect(await resultOf(run)).toMatchObject({ jobId: run, polls: times + 1, costUsd: 0.12 });
  });
});

describe.each(CASES.filter(({ times }) => times === Infinity))('$fault.name for ever', ({ run, fault }) => {
  it('ends the run when its bound is met, and not before, with the job and the way to its video', async () => {
    const error: unknown = await resultOf(run).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: fault.forEver ?? 'PollingExhausted' });
    expect((error as LongtakeError).message).toMatch(/longtake adopt .*$/);
    expect((error as LongtakeError).message).toContain(run);
    expect(pollsOf.get(run)).toBe(7);
  });
});

it('none of them was submitted twice', () => {
  expect(new Set(rig.provider.submits).size).toBe(CASES.length);
  expect(rig.provider.submits).toHaveLength(CASES.length);
});

it('whatever is asked again, at poll or at content, is asked when Retry-After is over', async () => {
  const later: Record<string, () => Reply> = {
    'a 404': () => refusal(404, 'not yet', SOON),
    'a 401': () => refusal(401, 'not yet', SOON),
    'a 403': () => refusal(403, 'not yet', SOON),
    'a forbidden redirect': () => ({ status: 302, headers: { ...SOON, location: 'https://10.0.0.1/v.mp4' } }),
    'neither job nor video': () => refusal(200, 'not yet', SOON),
  };
  const askedAt = new Map<string, number[]>();
  const twice = (what: string, then: (jobId: string) => Reply): Handler => {
    return ({ jobId }) => {
      const notYet = later[jobId];
      if (notYet === undefined) return then(jobId);
      const times = [...(askedAt.get(`${what} of ${jobId}`) ?? []), performance.now()];
      askedAt.set(`${what} of ${jobId}`, times);
      return times.length <= 2 ? notYet() : then(jobId);
    };
  };
  rig.provider.script.poll = twice('poll', completed);
  rig.provider.script.content = twice('content', () => video());
  const polling = { initialInterval: '20ms', maximumInterval: '20ms' };
  const runs = await Promise.all(
    Object.keys(later).map((prompt) => rig.start({ request: { model: 'test/model', prompt, duration: 4 }, polling })),
  );
  await Promise.all(runs.map((run) => run.result()));
  expect(askedAt.size).toBe(2 * runs.length);
  for (const [what, times] of askedAt) {
    expect(times, what).toHaveLength(3);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...pauses), what).toBeGreaterThanOrEqual(3_000 - 10);
  }
});

it('a provider that is too busy for all of them at once is asked by none before it said', async () => {
  const RUNS = 30;
  const RETRY_AFTER_MS = 1_000;
  const askedAt = new Map<string, number[]>();
  rig.provider.script.poll = ({ jobId }) => {
    const times = [...(askedAt.get(jobId) ?? []), performance.now()];
    askedAt.set(jobId, times);
    return times.length <= 3 ? refusal(429, 'slow down', { 'retry-after': '1' }) : completed(jobId);
  };
  const runs = await Promise.all(
    Array.from({ length: RUNS }, (_, n) => rig.start({ request: { model: 'test/model', prompt: `storm-${n}` } })),
  );
  await Promise.all(runs.map((run) => run.result()));
  expect(askedAt.size).toBe(RUNS);
  for (const times of askedAt.values()) {
    expect(times).toHaveLength(4);
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(RETRY_AFTER_MS - 10);
  }
});
