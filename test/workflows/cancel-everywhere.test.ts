import type { ServerResponse } from 'node:http';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { accepted, CLIP, completed, job, refusal, type Handler } from '../support/provider.js';
import { QUICK, startRig, until, type Rig } from '../support/rig.js';

/** A cancel in every state, in every way, in both modes, once and twice: one table says how each of them ends. */

const STATES = ['validating', 'submitting', 'awaiting_decision', 'generating', 'downloading'] as const;
type State = (typeof STATES)[number];
const WAYS = ['by signal', 'by Temporal', 'by both at once'] as const;
type Way = (typeof WAYS)[number];
const MODES = ['abandon', 'settle'] as const;
type Mode = (typeof MODES)[number];
const TIMES = ['once', 'twice'] as const;

interface End {
  readonly says: string;
  readonly jobId: 'known' | null;
  readonly costUsd: number | null;
  readonly posts: number;
  readonly transfers: number;
}

const GOES_ON = 'Job JOB goes on at the provider and may be billed. To save its video after all: ADOPT';
const SETTLED = 'Job JOB cost $0.12. To save its video after all: ADOPT';
const IN_DOUBT =
  'It is not known whether the provider accepted the job: one may exist and be billed. It may have cost $0.12. In doubt is the submit sent after TIME. If it does: ADOPT';
const NOTHING: End = {
  says: 'Nothing was submitted, and nothing is billed.',
  jobId: null,
  costUsd: null,
  posts: 0,
  transfers: 0,
};
const DOUBT: End = { says: IN_DOUBT, jobId: null, costUsd: null, posts: 1, transfers: 0 };
const ABANDONED: End = { says: GOES_ON, jobId: 'known', costUsd: null, posts: 1, transfers: 0 };
const COUNTED: End = { says: SETTLED, jobId: 'known', costUsd: 0.12, posts: 1, transfers: 0 };
const STOPPED: End = { ...COUNTED, transfers: 1 };

const ENDS: Readonly<Record<State, Readonly<Record<Mode, End>>>> = {
  validating: { abandon: NOTHING, settle: NOTHING },
  submitting: { abandon: ABANDONED, settle: COUNTED },
  awaiting_decision: { abandon: DOUBT, settle: DOUBT },
  generating: { abandon: ABANDONED, settle: COUNTED },
  downloading: { abandon: STOPPED, settle: STOPPED },
};

const CASES = STATES.flatMap((state) =>
  WAYS.flatMap((way) => MODES.flatMap((mode) => TIMES.map((times) => ({ state, way, mode, times })))),
);

let rig: Rig;
/** A rig of its own: a model list that was read once is not asked for again. */
let checking: Rig;
const heldLists: ServerResponse[] = [];
/** Of the case under way: whether the cancel has reached the run, and the submit may be answered. */
let isCancelled = false;
let answerSubmit: () => void = () => undefined;
let transfersEnded = 0;

const submit: Handler = async ({ json }) => {
  const name = String(json['prompt']);
  if (name.startsWith('awaiting_decision')) return refusal(500, 'oops');
  if (name.startsWith('submitting')) await new Promise<void>((resolve) => (answerSubmit = resolve));
  return accepted(`job-of-${name}`);
};
const poll: Handler = ({ jobId }) =>
  isCancelled || jobId.includes('downloading') ? completed(jobId, 0.12) : job(jobId, 'in_progress');
const content: Handler = ({ response }) => {
  response.on('close', () => (transfersEnded += 1));
  response.writeHead(200, { 'content-length': String(CLIP.length) });
  response.write(CLIP.subarray(0, 5_000));
  return null;
};

beforeAll(async () => {
  rig = await startRig({ script: { submit, poll, content } });
  checking = await startRig({
    script: {
      models: ({ response }) => {
        heldLists.push(response);
        return null;
      },
    },
  });
});
afterAll(async () => {
  for (const response of heldLists) response.destroy();
  await checking.stop();
  await rig.stop();
});

const rigOf = (state: State): Rig => (state === 'validating' ? checking : rig);

async function bringTo(state: State, mode: Mode, name: string): Promise<LongtakeHandle> {
  const at = rigOf(state);
  const { provider } = at;
  [provider.submits, provider.contents].forEach((seen) => (seen.length = 0));
  [isCancelled, transfersEnded] = [false, 0];
  const handle = await at.start({
    request: { model: 'test/model', prompt: name, duration: 4 },
    output: `${name}.mp4`,
    onCancel: mode,
    // Who abandons must not ask any more; who settles must.
    polling: mode === 'abandon' && state !== 'downloading' ? { initialInterval: '1h' } : QUICK,
  });
  await until(handle, (status) => status.state === state && (state !== 'downloading' || status.transfer !== null));
  if (state === 'validating') await expect.poll(() => heldLists.length).toBeGreaterThan(0);
  if (state === 'submitting') await expect.poll(() => provider.submits.length).toBe(1);
  return handle;
}

async function cancel(handle: LongtakeHandle, way: Way): Promise<void> {
  const bySignal = () => handle.cancel('not needed');
  const byTemporal = () => rig.temporal.workflow.getHandle(handle.workflowId).cancel();
  if (way !== 'by Temporal') await bySignal();
  if (way !== 'by signal') await byTemporal();
}

async function hasArrived({ workflowId }: LongtakeHandle): Promise<boolean> {
  const { events } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).some((event) => (event.workflowExecutionCancelRequestedEventAttributes ?? null) !== null);
}

describe.each(CASES)('a cancel while $state, $way, with onCancel $mode', ({ state, way, mode, times }) => {
  it(`${times} ends as the table says`, async () => {
    const name = `${state} ${way} ${mode} ${times}`.replaceAll(' ', '-');
    const handle = await bringTo(state, mode, name);
    await cancel(handle, way);
    // The run may be closed by now, and says so to whoever cancels again.
    if (times === 'twice') await cancel(handle, way).catch(() => undefined);
    await expect.poll(() => hasArrived(handle)).toBe(true);
    isCancelled = true;
    answerSubmit();

    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    const end = ENDS[state][mode];
    const jobId = end.jobId === null ? null : `job-of-${name}`;
    const status = await handle.status();
    expect(status).toMatchObject({ state: 'cancelled', jobId, costUsd: end.costUsd, error: { type: 'Cancelled' } });
    const adopt = `longtake adopt --output ${name}.mp4 ${end === DOUBT ? 'JOB_ID' : `job-of-${name}`}`;
    const says = end.says.replace(/\bJOB\b/, `job-of-${name}`).replace('ADOPT', adopt);
    const message = status.error?.message.replace(': not needed', '').replace(/after \S+Z\./, 'after TIME.');
    expect(message).toBe(`The run was cancelled. ${says}`);

    const { provider, storage, temporal } = rigOf(state);
    expect((await temporal.workflow.getHandle(handle.workflowId).describe()).status.name).toBe('CANCELLED');
    expect(provider.submits).toHaveLength(end.posts);
    expect(provider.contents).toHaveLength(end.transfers);
    await expect.poll(() => transfersEnded).toBe(end.transfers);
    await expect.poll(() => readdir(storage)).toEqual([]); // what an activity was about when it was cancelled
  });
});
