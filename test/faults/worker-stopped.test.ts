import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GenerateVideoResult } from '../../src/client/index.js';
import { deferred } from '../../src/local/deferred.js';
import {
  accepted,
  CLIP,
  completed,
  job,
  refusal,
  video,
  type ProviderScript,
  type Reply,
} from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { httpAddressOf, startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** `SHUTDOWN_GRACE` and `SHUTDOWN_FORCE` of src/worker/create-worker.ts, with nothing said about how fast the machine is. */
const GRACE_MS = 20_000;
const FORCE_MS = 100_000;
const TEST_MS = 240_000;

let rig: Rig;
let worker: WorkerProcess;
let next: WorkerProcess | null;

beforeEach(async () => {
  rig = await startRig({ worker: false, environment: { LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0' } });
  worker = await startWorkerProcess(rig.environment);
  next = null;
});
afterEach(async () => {
  await worker.kill();
  await next?.kill();
  await rig.stop();
});

interface Stop {
  /** Resolves with how long the worker took from the signal to its end, which must be a good one. */
  readonly ended: Promise<number>;
  readonly readiness: () => Promise<number>;
}

async function stop(): Promise<Stop> {
  const ready = `http://${await httpAddressOf(worker)}/readyz`;
  const readiness = async (): Promise<number> => (await fetch(ready)).status;
  expect(await readiness()).toBe(200);
  const askedAt = performance.now();
  const ended = worker.terminate().then((code) => {
    expect(code, worker.lines()).toBe(0);
    return performance.now() - askedAt;
  });
  return { ended, readiness };
}

async function goOn(): Promise<void> {
  next = await startWorkerProcess(rig.environment);
}

/** Paid once, whole, and alone in the storage. */
async function expectNothingLost({ assets, jobId }: GenerateVideoResult): Promise<void> {
  expect(rig.provider.submits).toHaveLength(1);
  expect(new Set(rig.provider.polls)).toEqual(new Set([jobId]));
  const names = await readdir(rig.storage);
  expect(names).toEqual([assets[0]?.key]);
  expect(await readFile(join(rig.storage, names[0] ?? ''))).toEqual(CLIP);
}

/** One request whose answer waits until it is released; every other one is answered at once. */
interface HeldRequest {
  readonly came: Promise<unknown>;
  readonly release: () => void;
  readonly script: ProviderScript;
  /** How often it was asked for. */
  readonly count: () => number;
}

type Request = keyof ProviderScript;

const ANSWERS: Readonly<Record<Request, (jobId: string) => Reply>> = {
  models: () => ({ body: { data: [] } }),
  submit: () => accepted('the-job'),
  poll: completed,
  content: () => video(),
};

function hold(request: Request): HeldRequest {
  const came = deferred<null>();
  const released = deferred<null>();
  let count = 0;
  return {
    came: came.promise,
    release: () => {
      released.resolve(null);
    },
    count: () => count,
    script: {
      submit: () => ANSWERS.submit(''),
      poll: ({ jobId }) => ANSWERS.poll(jobId),
      [request]: async ({ jobId }: { readonly jobId: string }) => {
        count += 1;
        came.resolve(null);
        await released.promise;
        return ANSWERS[request](jobId);
      },
    },
  };
}

describe('a worker asked to stop with SIGTERM', () => {
  it.each<[state: string, under: string, Request]>([
    ['validating', 'a look at the model list', 'models'],
    ['submitting', 'the paid request', 'submit'],
    ['generating', 'a poll', 'poll'],
    ['downloading', 'a download that is not too long', 'content'],
  ])(
    'while a run is %s takes no new work, waits for %s, and leaves the rest to the next worker',
    async (_state, _what, request) => {
      const held = hold(request);
      rig.provider.script = held.script;
      const handle = await rig.start();
      await held.came;
      const { ended, readiness } = await stop();
      await expect.poll(readiness).toBe(503);
      held.release();
      expect(await ended).toBeLessThan(FORCE_MS);
      await goOn();
      await expectNothingLost(await handle.result());
      expect(held.count()).toBe(1);
    },
    TEST_MS,
  );

  it(
    'in the middle of a transfer that ends within the grace finishes it',
    async () => {
      const finish = deferred<null>();
      rig.provider.script = {
        poll: ({ jobId }) => completed(jobId),
        content: ({ response }) => {
          response.writeHead(200, { 'content-length': String(CLIP.length) });
          response.write(CLIP.subarray(0, 5_000));
          void finish.promise.then(() => response.end(CLIP.subarray(5_000)));
          return null;
        },
      };
      const handle = await rig.start();
      await until(handle, ({ transfer }) => transfer !== null && transfer.bytes > 0);
      const { ended, readiness } = await stop();
      await expect.poll(readiness).toBe(503);
      finish.resolve(null);
      expect(await ended).toBeLessThan(FORCE_MS);
      expect(await readdir(rig.storage)).toHaveLength(1);
      await goOn();
      await expectNothingLost(await handle.result());
      expect(rig.provider.contents).toHaveLength(1);
    },
    TEST_MS,
  );

  it(
    'in the middle of a transfer that does not end cuts it off after the grace, and the next worker starts it anew',
    async () => {
      rig.provider.script = {
        poll: ({ jobId }) => completed(jobId),
        content: ({ n, response }) => {
          if (n > 1) return video();
          response.writeHead(200, { 'content-length': String(CLIP.length) });
          response.write(CLIP.subarray(0, 5_000));
          return null;
        },
      };
      const handle = await rig.start();
      await until(handle, ({ transfer }) => transfer !== null && transfer.bytes > 0);
      const { ended, readiness } = await stop();
      await expect.poll(readiness).toBe(503);
      const tookMs = await ended;
      expect(tookMs).toBeGreaterThan(GRACE_MS * 0.9);
      expect(tookMs).toBeLessThan(FORCE_MS);
      expect(await readdir(rig.storage)).toEqual([]);
      await goOn();
      await expectNothingLost(await handle.result());
      expect(rig.provider.contents).toHaveLength(2);
    },
    TEST_MS,
  );

  it(
    'between two polls stops without a wait, and the next worker goes on with the count',
    async () => {
      let done = false;
      rig.provider.script.poll = ({ jobId }) => (done ? completed(jobId) : job(jobId, 'in_progress'));
      const handle = await rig.start({ polling: { initialInterval: '1s', maximumInterval: '1s' } });
      const { polls } = await until(handle, (status) => status.polls >= 1 && status.nextPollAt !== null);
      expect(await (await stop()).ended).toBeLessThan(FORCE_MS);
      done = true;
      await goOn();
      const result = await handle.result();
      await expectNothingLost(result);
      expect(result.polls).toBeGreaterThan(polls);
      expect(result.polls).toBe(rig.provider.polls.length);
    },
    TEST_MS,
  );

  it(
    'while a person is asked stops without a wait, and the next worker takes the answer',
    async () => {
      rig.provider.script.submit = () => refusal(502, 'bad gateway');
      const handle = await rig.start();
      await until(handle, ({ state }) => state === 'awaiting_decision');
      expect(await (await stop()).ended).toBeLessThan(FORCE_MS);
      await goOn();
      expect(await handle.status()).toMatchObject({ state: 'awaiting_decision' });
      await handle.resolveSubmission({ action: 'adopt', jobId: 'it-was-there' });
      await expectNothingLost(await handle.result());
    },
    TEST_MS,
  );
});
