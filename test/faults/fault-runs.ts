import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, vi } from 'vitest';
import { LongtakeError, type GenerateVideoResult, type LongtakeHandle } from '../../src/client/index.js';
import type { FailureType } from '../../src/contract/index.js';
import { accepted, CLIP, job, video, type Call, type Handler } from '../support/provider.js';
import { API_KEY, startRig, type Rig } from '../support/rig.js';
import type { StoragePlace } from '../support/storage-place.js';

export interface ContentCall extends Call {
  /** An address on a host of which the client must not ask anything. */
  readonly foreign: string;
  /** Resolves when this many bytes are in the storage's hands: what a stream still holds when it breaks is lost. */
  readonly arrived: (bytes: number) => Promise<void>;
}

/** One way in which the content of a finished job can be had, or not. */
export interface Fault {
  /** Answers `GET …/content`; `n` counts this run's requests, from 1. */
  readonly content: (call: ContentCall) => ReturnType<Handler>;
  readonly end: 'saved' | FailureType;
  /** What is saved. Default: the clip. */
  readonly saves?: Buffer;
  /** How many content requests there are, exactly. */
  readonly requests?: number;
  /** The `Range` of every request. */
  readonly ranges?: readonly (string | null)[];
  /** Attempts of the download, where there must be no more. */
  readonly attempts?: number;
}

export interface FaultRuns {
  /** The end of one run, and everything that holds after any. */
  expectEnd(name: string): Promise<void>;
  close(): Promise<void>;
}

/** All faults at once, each in a run of its own, through one worker into one storage. */
export async function startFaultRuns(
  faults: Readonly<Record<string, Fault>>,
  place: StoragePlace,
  environment: Record<string, string> = {},
): Promise<FaultRuns> {
  const stranger = await startStranger();
  const ranges = new Map<string, (string | null)[]>();
  const rig = await startRig({
    environment: { ...environment, ...place.environment },
    script: {
      submit: ({ json }) => {
        const reply = accepted(String(json['prompt']));
        return { ...reply, body: { ...(reply.body as object), polling_url: stranger.address } };
      },
      poll: ({ jobId }) =>
        job(jobId, 'completed', {
          polling_url: stranger.address,
          unsigned_urls: [stranger.address],
          usage: { cost: 0.12 },
        }),
      content: async (call) => {
        const seen = ranges.get(call.jobId) ?? [];
        ranges.set(call.jobId, [...seen, call.request.headers.range ?? null]);
        const fault = faults[call.jobId];
        if (fault === undefined) return null;
        const arrived = (bytes: number) => arrivedIn(idOf(call.jobId), bytes);
        return await fault.content({ ...call, n: seen.length + 1, foreign: stranger.address, arrived });
      },
    },
  });
  const idOf = (name: string) => `${name} ${rig.taskQueue}`;
  const arrivedIn = async (id: string, bytes: number) => {
    const look = async () => {
      expect((await rig.client.handle(id).status()).transfer?.bytes).toBe(bytes);
    };
    // Not `expect.poll`, which belongs to a test: all runs go on at once, also between two tests.
    await vi.waitFor(look, { timeout: 100_000, interval: 200 });
  };
  const runs = new Map<string, LongtakeHandle>();
  for (const name of Object.keys(faults)) {
    const request = { model: 'test/model', prompt: name, duration: 4 };
    runs.set(name, await rig.start({ request, output: `${name}/x.mp4` }, idOf(name)));
  }
  return {
    async expectEnd(name) {
      const [fault, run] = [faults[name], runs.get(name)];
      if (fault === undefined || run === undefined) throw new Error(`there is no fault ${name}`);
      const result = fault.end === 'saved' ? await run.result() : null;
      if (result === null) await expectFailure(run, fault.end);
      else await expectSaved(result, place, fault.saves ?? CLIP);
      const seen = ranges.get(name) ?? [];
      if (fault.requests !== undefined) expect(seen).toHaveLength(fault.requests);
      if (fault.ranges !== undefined) expect(seen).toEqual(fault.ranges);
      if (fault.attempts !== undefined) expect(await attemptsOf(rig, run)).toBe(fault.attempts);
      // One POST, nothing unfinished, and the stranger was told nothing.
      expect(rig.provider.submits.filter((body) => body.includes(JSON.stringify(name)))).toHaveLength(1);
      expect(await place.everything(name)).toEqual(result === null ? [] : ['x.mp4']);
      expect(stranger.requests()).toEqual([]);
      expect([...rig.provider.keys]).toEqual([`Bearer ${API_KEY}`]);
    },
    async close() {
      await rig.stop();
      await stranger.close();
      await place.close();
    },
  };
}

async function expectFailure(run: LongtakeHandle, type: string): Promise<void> {
  const error: unknown = await run.result().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LongtakeError);
  expect(error).toMatchObject({ type });
  expect(await run.status()).toMatchObject({ state: 'failed', assets: [], costUsd: 0.12 });
}

async function expectSaved({ assets }: GenerateVideoResult, place: StoragePlace, content: Buffer): Promise<void> {
  const [asset, ...more] = assets;
  expect(more).toEqual([]);
  expect(asset).toMatchObject({
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  });
  expect((await place.read(asset?.key ?? '')).equals(content)).toBe(true);
}

/** Which attempt at the download was the one that ended it. */
async function attemptsOf(rig: Rig, { workflowId }: LongtakeHandle): Promise<number> {
  const { events } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  const scheduled = events?.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'downloadVideo',
  );
  const started = events?.find(
    ({ activityTaskStartedEventAttributes: it }) => String(it?.scheduledEventId) === String(scheduled?.eventId),
  );
  return started?.activityTaskStartedEventAttributes?.attempt ?? 0;
}

/** A host that responses name and that nobody may be sent to. */
async function startStranger() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.url ?? ''} ${request.headers.authorization ?? 'without a key'}`);
    response.end(CLIP);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v.mp4`,
    requests: () => seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Wrong once, then the whole video. */
export function once(content: Fault['content']): Fault {
  return { content: (call) => (call.n === 1 ? content(call) : video()), end: 'saved', requests: 2 };
}
