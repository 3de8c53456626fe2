import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FailureType } from '../../src/contract/index.js';
import { LongtakeError, type GenerateVideoInput, type LongtakeHandle } from '../../src/client/index.js';
import {
  MODEL,
  accepted,
  CLIP,
  completed,
  job,
  refusal,
  video,
  type Call,
  type ProviderScript,
} from '../support/provider.js';
import { startRig, until, withDefaults, type Rig } from '../support/rig.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.submits.length = 0;
  rig.provider.polls.length = 0;
  rig.provider.contents.length = 0;
});
afterAll(async () => {
  await rig.stop();
});

async function failureOf(handle: LongtakeHandle): Promise<LongtakeError> {
  const error: unknown = await handle.result().then(
    () => new Error('the run succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LongtakeError)) throw error;
  return error;
}

/** Runs to the end and checks what every failure must have: the type, the page, the recorded status, no orphan. */
async function endsAs(type: FailureType, script: ProviderScript, input: Partial<GenerateVideoInput> = {}) {
  rig.provider.script = script;
  const handle = await rig.start(input);
  const error = await failureOf(handle);
  expect(error.type, error.message).toBe(type);
  expect(error.message).toMatch(/docs\/errors\/[a-z-]+\.md/);
  const status = await handle.status();
  expect(status).toMatchObject({ state: 'failed', error: { type, message: error.message } });
  expect((await readdir(rig.storage, { recursive: true })).filter((name) => name.includes('.part'))).toEqual([]);
  return { error, status };
}

const HALF_A_SECOND = { polling: { initialInterval: '10ms', maximumInterval: '10ms', timeout: '500ms' } };
const ENDS_OF_DENIED: Partial<Record<number, FailureType>> = { 401: 'AuthenticationFailed', 403: 'PermissionDenied' };

const failsAs =
  (status: string, more: Record<string, unknown> = {}) =>
  ({ jobId }: Call) =>
    job(jobId, status, more);

describe('what the provider says of the job', () => {
  it.each([
    ['failed', 'VideoFailed', { error: 'the model said no' }],
    ['failed', 'VideoFailed', { error: { code: 'x', message: 'the model said no' } }],
    ['failed', 'VideoFailed', { error: null }],
    ['dead', 'VideoFailed', {}],
    ['cancelled', 'VideoCancelled', {}],
    ['expired', 'VideoExpired', {}],
  ] as const)('%s ends the run as %s, naming the job', async (status, type, more) => {
    const { error } = await endsAs(type, { poll: failsAs(status, more) });
    expect(error.message).toContain('job-1');
    expect(error.jobId).toBe('job-1');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('keeps the cost of a job that failed', async () => {
    const { status } = await endsAs('VideoFailed', { poll: failsAs('failed', { usage: { cost: 0.07 } }) });
    expect(status.costUsd).toBe(0.07);
  });

  it('gives a job up after the fifth 404 in a row, and not before', async () => {
    const { error } = await endsAs('VideoLost', { poll: () => refusal(404, 'no such job') });
    expect(rig.provider.polls).toHaveLength(5);
    expect(error.message).toMatch(/longtake adopt --output \S+ job-1$/);
  });

  it('of an adopted job that the provider has never known says to check id and key, and not to adopt it again', async () => {
    const { error } = await endsAs('VideoLost', { poll: () => refusal(404, 'no such job') }, { jobId: 'mistyped' });
    expect(error.message).toMatch(/does not know job mistyped .* Check the job id and OPENROUTER_API_KEY\. See docs/);
    expect(error.message).not.toContain('longtake adopt');
  });

  it('asks at the first 404 whether the id of an adopted job is right', async () => {
    let look: () => void = () => undefined;
    const looked = new Promise<void>((resolve) => (look = resolve));
    rig.provider.script = {
      poll: async ({ n, jobId }) => {
        if (n === 1) return refusal(404, 'no such job');
        await looked;
        return completed(jobId);
      },
    };
    const handle = await rig.start({ jobId: 'mistyped' });
    const { error } = await until(handle, (status) => status.error !== null);
    expect(error?.message).toBe('The provider does not know job mistyped (404, 1 in a row). Is the id right?');
    look();
    await handle.result();
  });

  it('does not add up 404s that are not in a row', async () => {
    const answers = [404, 404, 404, 404, 200, 404, 404, 404, 404];
    rig.provider.script = {
      poll: ({ n, jobId }) => {
        const status = answers[n - 1];
        if (status === undefined) return completed(jobId);
        return status === 404 ? refusal(404, 'no such job') : job(jobId, 'pending');
      },
    };
    expect((await (await rig.start()).result()).polls).toBe(10);
  });

  it('meets its bound in polls, having sent exactly that many, and says how to get the video', async () => {
    const { error } = await endsAs(
      'PollingExhausted',
      { poll: failsAs('in_progress') },
      { polling: { initialInterval: '10ms', maximumInterval: '10ms', maximumAttempts: 5 } },
    );
    expect(rig.provider.polls).toHaveLength(5);
    expect(error.message).toContain('job-1');
    expect(error.message).toContain('may still be billed');
    expect(error.message).toMatch(/longtake adopt .*job-1$/);
  });

  it('meets its bound in time', async () => {
    const { status } = await endsAs(
      'PollingExhausted',
      { poll: failsAs('in_progress') },
      { polling: { initialInterval: '10ms', maximumInterval: '10ms', timeout: '300ms', maximumAttempts: 100_000 } },
    );
    expect(Date.parse(status.completedAt ?? '') - Date.parse(status.submittedAt ?? '')).toBeGreaterThanOrEqual(300);
  });

  it('goes on through polls that are refused, broken, or not answered in time to mean anything', async () => {
    const broken: ProviderScript['poll'] = ({ n, jobId, response }) => {
      if (n === 1) return refusal(503, 'overloaded');
      if (n === 2) return { body: '<html>bad gateway</html>', headers: { 'content-type': 'text/html' } };
      if (n === 3) return { body: '{"id": "job-1", "sta' };
      if (n === 4) {
        response.destroy();
        return null;
      }
      if (n === 5) return refusal(401, 'bad key');
      if (n === 6) return refusal(500, 'oops');
      return completed(jobId);
    };
    rig.provider.script = { poll: broken };
    expect((await (await rig.start()).result()).polls).toBe(7);
  });

  it('shows a poll that met a 503, also while it goes on', async () => {
    rig.provider.script = { poll: () => refusal(503, 'overloaded') };
    const handle = await rig.start();
    for await (const status of handle.follow({ intervalMs: 20 })) {
      if (status.error === null) continue;
      expect(status).toMatchObject({ state: 'generating', error: { type: 'ProviderUnavailable' } });
      expect(status.error.message).toMatch(/overloaded.* The job goes on, and the next poll comes as scheduled\.$/);
      break;
    }
    rig.provider.script = {};
    await handle.result();
  });

  it.each([
    [401, 'AuthenticationFailed'],
    [403, 'PermissionDenied'],
  ] as const)(
    'ends a run whose key is refused (%i) at poll only when its bound is met, naming the job',
    async (code, type) => {
      const { error } = await endsAs(
        type,
        { poll: () => refusal(code, 'no') },
        { polling: { initialInterval: '10ms', maximumInterval: '10ms', maximumAttempts: 7 } },
      );
      expect(rig.provider.polls).toHaveLength(7);
      expect(error.message).toContain('job-1');
    },
  );

  describe.each([429, 404, 401, 403, 302, 400])('a %i with Retry-After', (status) => {
    it('is followed by no poll before that is over, and the wait counts against the bound', async () => {
      const { error } = await endsAs(
        ENDS_OF_DENIED[status] ?? 'PollingExhausted',
        { poll: () => refusal(status, 'slow down', { 'retry-after': '3600' }) },
        HALF_A_SECOND,
      );
      expect(rig.provider.polls).toHaveLength(1);
      expect(error.message).toContain(status === 404 ? '404, 1 in a row' : 'slow down');
      expect(error.message).toContain('The provider asks to wait 3600 s');
      expect(error.message).not.toContain('goes on');
    });
  });

  it('an unfinished job with Retry-After is not asked for before that is over', async () => {
    const { error } = await endsAs(
      'PollingExhausted',
      { poll: ({ jobId }) => ({ ...job(jobId, 'in_progress'), headers: { 'retry-after': '3600' } }) },
      HALF_A_SECOND,
    );
    expect(rig.provider.polls).toHaveLength(1);
    expect(error.message).toMatch(/the provider last said in_progress and asks to wait until \d{4}-/);
  });

  it('an accepted job with Retry-After is not asked for before that is over', async () => {
    const { error } = await endsAs(
      'PollingExhausted',
      { submit: () => ({ ...accepted('job-later'), headers: { 'retry-after': '3600' } }) },
      HALF_A_SECOND,
    );
    expect(rig.provider.polls).toHaveLength(0);
    expect(error.message).toMatch(/the provider last said pending and asks to wait until \d{4}-/);
  });
});

describe('what the provider says to the submit', () => {
  it.each([
    [400, 'SubmissionRejected'],
    [401, 'AuthenticationFailed'],
    [402, 'InsufficientCredits'],
    [403, 'PermissionDenied'],
    [404, 'SubmissionRejected'],
    [413, 'SubmissionRejected'],
    [422, 'SubmissionRejected'],
    [302, 'SubmissionRejected'],
  ] as const)('%i ends the run as %s after one request', async (status, type) => {
    const { error } = await endsAs(type, {
      submit: () => refusal(status, 'the reason given', { location: 'http://127.0.0.1:9/' }),
    });
    expect(rig.provider.submits).toHaveLength(1);
    expect(error.jobId).toBeNull();
    expect(error.message).toContain('Nothing was submitted.');
    if (status !== 302) expect(error.message).toContain('the reason given');
  });

  it.each([429, 503])('a %i in OpenRouter’s own words is tried again after Retry-After', async (status) => {
    rig.provider.script = {
      submit: ({ n }) =>
        n === 1
          ? refusal(status, 'busy', { 'retry-after': '1' })
          : { status: 202, body: { id: 'j', status: 'pending' } },
    };
    const startedAt = performance.now();
    await (await rig.start()).result();
    expect(rig.provider.submits).toHaveLength(2);
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  });

  it('gives up on refusals when timeouts.submit is over', async () => {
    const { error } = await endsAs(
      'ProviderUnavailable',
      { submit: () => refusal(429, 'busy') },
      { timeouts: { submit: '1500ms' } },
    );
    expect(rig.provider.submits.length).toBeGreaterThanOrEqual(1);
    expect(error.message).toContain('nothing was billed');
  });
});

describe('what can be known before money is spent', () => {
  it.each([
    ['an unsupported duration', { request: { model: 'test/model', prompt: 'x', duration: 5 } }, /4, 6, 8/],
    ['an unsupported resolution', { request: { model: 'test/model', prompt: 'x', resolution: '8K' } }, /720p/],
    ['an unknown model', { request: { model: 'test/other', prompt: 'x' } }, /test\/model/],
  ] as const)('%s is refused with what is supported', async (_what, input, supported) => {
    const { error } = await endsAs('InvalidRequest', {}, input);
    expect(error.message).toMatch(supported);
    expect(error.message).toContain('Nothing was submitted.');
    expect(rig.provider.submits).toHaveLength(0);
  });

  it('holds an estimate under maxCostUsd', async () => {
    const { error } = await endsAs('BudgetExceeded', {}, { maxCostUsd: 0.11 });
    expect(error.message).toContain('$0.12');
    expect(rig.provider.submits).toHaveLength(0);
    rig.provider.script = {};
    expect((await (await rig.start({ maxCostUsd: 0.12 })).result()).estimatedCostUsd).toBe(0.12);
  });

  it('counts the dearest of the models that a name may stand for', async () => {
    const skus = { duration_seconds_without_audio_720p: '0.50' };
    const dear = { ...MODEL, id: 'test/model:fast', canonical_slug: MODEL.id, pricing_skus: skus };
    for (const list of [
      [MODEL, dear],
      [dear, MODEL],
    ]) {
      const other = await startRig({ script: { models: () => ({ body: { data: list } }) } });
      try {
        const error = await failureOf(await other.start({ maxCostUsd: 0.15 }));
        expect(error).toMatchObject({ type: 'BudgetExceeded', message: expect.stringContaining('$2') as string });
        expect(other.provider.submits).toHaveLength(0);
      } finally {
        await other.stop();
      }
    }
  });

  describe('with a webhook address', () => {
    let hooked: Rig;
    beforeAll(async () => {
      hooked = await startRig({ environment: { LONGTAKE_WEBHOOK_URL: 'https://longtake.example/hooks' } });
    });
    afterAll(() => hooked.stop());

    it.each([
      'https://longtake.example/hooks/webhooks/openrouter/other-run',
      'https://LONGTAKE.example:443/hooks/webhooks/openrouter/other-run',
      'https://longtake.example./hooks/webhooks/openrouter/other-run',
      'https://user@longtake.example/hooks/webhooks/openrouter/other-run?x#y',
      'https://longtake.example/x/../hooks/webhooks/openrouter/other-run',
      'https://longtake.example/x/%2e%2e/hooks/webhooks/openrouter/other-run',
      'https://longtake.example/x/..%2Fhooks/webhooks/openrouter/other-run',
      'https://longtake.example/hooks/webhooks/%6fpenrouter/other-run',
      'https://longtake.example/hooks/webhooks/%6fpenrouter/other-run%zz',
      'https://longtake.example//hooks///webhooks/openrouter/other-run',
      'https://longtake.example\\hooks\\webhooks\\openrouter\\other-run',
    ])('refuses a callback_url that leads to another run of the same longtake: %s', async (callback_url) => {
      const before = hooked.provider.submits.length;
      const request = { model: 'test/model', prompt: 'x', duration: 4, callback_url };
      expect(await failureOf(await hooked.start({ request }))).toMatchObject({
        type: 'InvalidRequest',
        message: expect.stringContaining('callback_url') as string,
      });
      expect(hooked.provider.submits).toHaveLength(before);
    });

    it.each([
      'https://callers.example/done',
      'https://callers.example/hooks/webhooks/openrouter/other-run',
      'https://longtake.example:8443/hooks/webhooks/openrouter/other-run',
      'https://longtake.example/hooks/webhooks/openrouter-of-others/other-run',
      'https://longtake.example/done?to=/hooks/webhooks/openrouter/other-run',
    ])('takes any other callback_url: %s', async (callback_url) => {
      const request = { model: 'test/model', prompt: 'x', duration: 4, callback_url };
      await (await hooked.start({ request })).result();
      expect(hooked.provider.submits.at(-1)).toContain(callback_url);
    });
  });

  it('says what is missing where a request leaves open what its price goes by', async () => {
    const { error } = await endsAs(
      'BudgetExceeded',
      {},
      { request: { model: 'test/model', prompt: 'x' }, maxCostUsd: 9 },
    );
    expect(error.message).toContain('Say duration and resolution: the price depends on it.');
    expect(rig.provider.submits).toHaveLength(0);
  });

  it('refuses an unknown price when there is a budget, and lets it pass when there is none', async () => {
    const request = { model: 'test/model', prompt: 'x', duration: 4, resolution: '720p', upscale_factor: 2 };
    const script: ProviderScript = {
      models: () => ({ body: { data: [{ id: 'odd/model', pricing_skus: { per_moon: '1' } }] } }),
    };
    const other = await startRig({ script });
    try {
      const budgeted = await other.start({ request: { ...request, model: 'odd/model' }, maxCostUsd: 100 });
      expect((await failureOf(budgeted)).type).toBe('BudgetExceeded');
      expect(other.provider.submits).toHaveLength(0);
      const result = await (await other.start({ request: { ...request, model: 'odd/model' } })).result();
      expect(result.estimatedCostUsd).toBeNull();
    } finally {
      await other.stop();
    }
  });

  it('goes on without the model list when no budget needs it, and waits for it, bounded, when one does', async () => {
    const other = await startRig({ script: { models: () => refusal(500, 'no list today') } });
    try {
      await (await other.start()).result();
      expect(other.provider.submits).toHaveLength(1);
      const budgeted = await other.start({ maxCostUsd: 1, timeouts: { submit: '500ms' } });
      expect((await failureOf(budgeted)).type).toBe('ProviderUnavailable');
      expect(other.provider.submits).toHaveLength(1);
    } finally {
      await other.stop();
    }
  });

  it('says that nothing was submitted where a budget needs the model list and the key is refused', async () => {
    const other = await startRig({ script: { models: () => refusal(401, 'no such key') } });
    try {
      const error = await failureOf(await other.start({ maxCostUsd: 1 }));
      expect(error).toMatchObject({ type: 'AuthenticationFailed', jobId: null });
      expect(error.message).toMatch(/no such key\. Check OPENROUTER_API_KEY\. Nothing was submitted\./);
    } finally {
      await other.stop();
    }
  });

  it('refuses a key that is taken', async () => {
    await writeFile(join(rig.storage, 'taken.mp4'), 'mine');
    const { error } = await endsAs('OutputConflict', {}, { output: 'taken.mp4' });
    expect(error.message).toMatch(/\(--output\), or set overwrite \(--overwrite\) .* Nothing was submitted\./);
    expect(rig.provider.submits).toHaveLength(0);
  });

  it('replaces a taken key when told to', async () => {
    await writeFile(join(rig.storage, 'old.mp4'), 'mine');
    rig.provider.script = {};
    const result = await (await rig.start({ output: 'old.mp4', overwrite: true })).result();
    expect(result.assets[0]).toMatchObject({ key: 'old.mp4', bytes: CLIP.length });
  });

  it('refuses input that no schema allows, however it got there', async () => {
    for (const input of [
      null,
      'text',
      7,
      [],
      {},
      { request: 'x' },
      { request: { prompt: 'no model' } },
      { jobId: '..' },
    ]) {
      const handle = await rig.temporal.workflow.start('generateVideo', {
        args: [input],
        taskQueue: rig.taskQueue,
        workflowId: `bad-${Math.random()}`,
      });
      const error = await failureOf(rig.client.handle(handle.workflowId));
      expect(error.type, JSON.stringify(input)).toBe('InvalidRequest');
      expect(error.message).toContain('Nothing was submitted.');
    }
    expect(rig.provider.submits).toHaveLength(0);
  });

  it.each([{}, 'x', [], 0, false])('refuses a second argument (%j)', async (second) => {
    const handle = await rig.temporal.workflow.start('generateVideo', {
      args: [withDefaults({}), second],
      taskQueue: rig.taskQueue,
      workflowId: `bad-${Math.random()}`,
    });
    const error = await failureOf(rig.client.handle(handle.workflowId));
    expect(error).toMatchObject({ type: 'InvalidRequest', message: expect.stringContaining('one argument') as string });
    expect(rig.provider.submits).toHaveLength(0);
  });

  it('is found by its state and its model like any other end', async () => {
    const request = { model: 'test/model', prompt: 'x', duration: 5 };
    const handle = await rig.start({ request });
    await expect(handle.result()).rejects.toMatchObject({ type: 'InvalidRequest' });
    const query = `LongtakeState = 'failed' AND LongtakeModel = 'test/model' AND WorkflowId = '${handle.workflowId}'`;
    await vi.waitFor(async () => {
      expect((await rig.temporal.workflow.count(query)).count).toBe(1);
    }, 30_000);
    const { memo } = await rig.temporal.workflow.getHandle(handle.workflowId).describe();
    expect(memo).toMatchObject({ model: 'test/model', status: { state: 'failed' } }); // what "longtake list" reads
  });

  it.each(['../x.mp4', '/etc/x.mp4', 'C:/x.mp4', 'a/../../x.mp4', 'x\u0000.mp4', 'CON.mp4', 'a//b.mp4'])(
    'refuses the output key %j before anything starts',
    async (output) => {
      await expect(rig.client.start(withDefaults({ output }), { id: `never-${Math.random()}` })).rejects.toMatchObject({
        type: 'InvalidRequest',
      });
      const handle = await rig.temporal.workflow.start('generateVideo', {
        args: [withDefaults({ output })],
        taskQueue: rig.taskQueue,
        workflowId: `escape-${Math.random()}`,
      });
      expect((await failureOf(rig.client.handle(handle.workflowId))).type).toBe('InvalidRequest');
      expect(rig.provider.submits).toHaveLength(0);
    },
  );
});

describe('what comes instead of the video', () => {
  const SHORT = { timeouts: { download: '2s' } };

  it.each([
    ['HTML', '<html>not found</html>'],
    ['JSON', '{"error":{"message":"not ready"}}'],
    ['nothing', ''],
    ['half a video', CLIP.subarray(0, CLIP.length / 2)],
  ])('%s with a 200 is asked for three times, then ends as InvalidVideo with nothing saved', async (_what, body) => {
    const { error } = await endsAs('InvalidVideo', { content: () => video(Buffer.from(body)) }, { output: 'no.mp4' });
    expect(rig.provider.contents).toHaveLength(3);
    expect(error.message).toMatch(/longtake adopt --output no\.mp4 job-1$/);
    expect(await readdir(rig.storage)).not.toContain('no.mp4');
  });

  it('an answer that broke off is asked for again', async () => {
    rig.provider.script = {
      content: ({ n, response }) => {
        if (n > 1) return video();
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, 4_000), () => response.destroy());
        return null;
      },
    };
    const result = await (await rig.start()).result();
    expect(result.assets[0]?.bytes).toBe(CLIP.length);
    expect(rig.provider.contents).toHaveLength(2);
  });

  it('410 ends as DownloadFailed at once', async () => {
    await endsAs('DownloadFailed', { content: () => refusal(410, 'gone') });
    expect(rig.provider.contents).toHaveLength(1);
  });

  it.each([
    ['to itself', null],
    ['to no address', ''],
    ['to a private address', 'https://10.0.0.1/v.mp4'],
  ])(
    'a redirect %s counts as a 404 does: it keeps no video from being saved that comes after it',
    async (_where, location) => {
      rig.provider.script = {
        content: ({ n, request }) => {
          if (n > 4) return video();
          if (n % 2 === 0) return refusal(404, 'where?');
          return { status: 302, headers: { location: location ?? request.url ?? '' } };
        },
      };
      const { assets } = await (await rig.start()).result();
      expect(assets).toHaveLength(1);
      expect(rig.provider.contents).toHaveLength(5);
    },
  );

  it('of a further output, names a command that saves them all, not the first one under its name', async () => {
    rig.provider.script = {
      poll: ({ jobId }) => completed(jobId, 0.24, 2),
      content: ({ index }) => (index === 0 ? video() : refusal(410, 'gone')),
    };
    const handle = await rig.start({ output: 'first-of-two.mp4' });
    await expect(handle.result()).rejects.toMatchObject({
      type: 'DownloadFailed',
      message: expect.stringMatching(/ longtake adopt job-\d+$/) as string,
    });
  });

  it('of a run that may overwrite, names a command that may as well', async () => {
    rig.provider.script = { poll: ({ jobId }) => completed(jobId), content: () => refusal(410, 'gone') };
    const handle = await rig.start({ output: 'again.mp4', overwrite: true });
    await expect(handle.result()).rejects.toMatchObject({
      message: expect.stringMatching(/ longtake adopt --output again\.mp4 --overwrite job-\d+$/) as string,
    });
  });

  it('the fifth 404 in a row ends as DownloadFailed', async () => {
    await endsAs('DownloadFailed', { content: () => refusal(404, 'where?') });
    expect(rig.provider.contents).toHaveLength(5);
  });

  it('a video over the cap is DownloadFailed, and the message names the variable', async () => {
    const other = await startRig({ environment: { LONGTAKE_MAX_VIDEO_BYTES: '1000' } });
    try {
      const error = await failureOf(await other.start());
      expect(error.type).toBe('DownloadFailed');
      expect(error.message).toContain('LONGTAKE_MAX_VIDEO_BYTES');
    } finally {
      await other.stop();
    }
  });

  it('trouble that does not end is DownloadFailed when timeouts.download is over', async () => {
    const { error } = await endsAs('DownloadFailed', { content: () => refusal(500, 'try later') }, SHORT);
    expect(error.message).toMatch(/timeouts\.download.* To get the paid video: longtake adopt --output \S+ job-1$/);
  });

  it('trouble that may pass names no command: the run itself goes on', async () => {
    rig.provider.script = { content: () => refusal(500, 'try later') };
    const handle = await rig.start();
    const { error } = await until(handle, (status) => status.error?.type === 'DownloadFailed');
    expect(error?.message).toMatch(/try later.* See docs\/errors\/download-failed\.md\.$/);
    rig.provider.script = {};
    await handle.result();
  });

  it('a refused key is AuthenticationFailed when timeouts.download is over, naming the job', async () => {
    const { error } = await endsAs('AuthenticationFailed', { content: () => refusal(401, 'bad key') }, SHORT);
    expect(error.message).toContain('job-1');
  });

  it('a storage that refuses is StorageFailed when timeouts.download is over', async () => {
    // A file where the folder must be: it appears after the check, as trouble does.
    const content = async () => {
      await writeFile(join(rig.storage, 'folder'), 'in the way').catch(() => undefined);
      return video();
    };
    const { error } = await endsAs('StorageFailed', { content }, { output: 'folder/x.mp4', ...SHORT });
    expect(error.message).toMatch(/longtake adopt --output folder\/x\.mp4 job-1$/);
  });

  it('a video whose key was taken meanwhile is saved beside it', async () => {
    rig.provider.script = {
      content: async () => {
        await writeFile(join(rig.storage, 'late.mp4'), 'somebody else’s');
        return video();
      },
    };
    const result = await (await rig.start({ output: 'late.mp4' })).result();
    expect(result.assets[0]?.key).toBe('late.job-1.mp4');
  });
});

describe('terminated in Temporal while it was submitting', () => {
  it('says that a job may exist and be billed, and how to find out', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    rig.provider.script = { submit: () => answered.then(() => accepted('nobody-waits')) };
    const handle = await rig.start();
    await expect.poll(() => rig.provider.submits.length).toBe(1);
    await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
    answer();
    const error = await failureOf(handle);
    expect(error.type).toBe('Terminated');
    expect(error.message).toMatch(
      /while it was submitting: a job may exist .*billed.*: longtake adopt --output \S+\.mp4 JOB_ID$/,
    );
    expect(await handle.status()).toMatchObject({ state: 'failed', error: { message: error.message } });
  });
});
