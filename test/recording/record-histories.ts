import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, inject, it } from 'vitest';
import type { GenerateVideoInput, LongtakeHandle } from '../../src/client/index.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { HISTORIES } from '../support/histories.js';
import { CLIP, completed, job, refusal, type ProviderScript } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/**
 * Records one history for each way a run can go: `npm run histories`. Run it once per release, before the code changes;
 * a history that exists is never recorded again, since it stands for the release that made it.
 */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let server: DevServer;
let rig: Rig;

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'), {
    flags: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=80'],
  });
  rig = await startRig({ address: server.address });
  await mkdir(HISTORIES, { recursive: true });
});
beforeEach(() => {
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
  await server.stop();
});

type Story = (handle: LongtakeHandle) => Promise<unknown>;

interface Scenario {
  readonly script?: ProviderScript;
  readonly input?: Partial<GenerateVideoInput>;
  readonly story?: Story;
}

const running: ProviderScript = { poll: ({ jobId }) => job(jobId, 'in_progress') };
const unknown: ProviderScript = { submit: () => refusal(500, 'oops') };
const LONG = { polling: { initialInterval: '1h' } };
const FEW = { polling: { initialInterval: '20ms', maximumInterval: '20ms', maximumAttempts: 3 } };
const awaiting = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'awaiting_decision');
const generating = (handle: LongtakeHandle) => until(handle, ({ state }) => state === 'generating');
const signalled = (handle: LongtakeHandle) => rig.temporal.workflow.getHandle(handle.workflowId);

const SCENARIOS: Record<string, Scenario> = {
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
    story: async (handle) => {
      const { jobId } = await generating(handle);
      rig.provider.script = { poll: () => completed(jobId ?? '') };
      await signalled(handle).signal('providerEvent', { jobId, status: 'completed' });
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
    story: async (handle) => {
      await awaiting(handle);
      await signalled(handle).signal('providerEvent', { jobId: 'found', status: 'completed' });
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
    story: async (handle) => {
      await generating(handle);
      await signalled(handle).cancel();
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
    story: async (handle) => {
      await until(handle, ({ polls }) => polls > 0);
      await handle.cancel();
      rig.provider.script = {};
    },
  },
  'continued-as-new': { script: { poll: ({ n, jobId }) => (n < 40 ? job(jobId, 'in_progress') : completed(jobId)) } },
};

it.each(Object.entries(SCENARIOS))('records %s', async (name, { script = {}, input = {}, story }) => {
  rig.provider.submits.length = 0;
  rig.provider.polls.length = 0;
  rig.provider.contents.length = 0;
  rig.provider.script = script;
  const handle = await rig.start(input, name);
  const { runId } = await handle.status();
  await story?.(handle);
  await handle.result().catch(() => undefined);
  const last = await handle.status();
  await record(name, name, runId);
  if (last.runId !== runId) await record(`${name}-last-run`, name, last.runId);
});

async function record(what: string, workflowId: string, runId: string): Promise<void> {
  const show = [
    'workflow',
    'show',
    '--workflow-id',
    workflowId,
    '--run-id',
    runId,
    '--output',
    'json',
    '--address',
    server.address,
  ];
  const { events } = JSON.parse(execFileSync(inject('temporalCli'), show, { encoding: 'utf8' })) as {
    events: unknown[];
  };
  const file = join(HISTORIES, `${version}-${what}.json`);
  // Stack traces name the place of the checkout, which is nobody's business.
  const history = JSON.stringify({ workflowId, events }).replaceAll(ROOT, '/longtake/');
  await writeFile(file, `${history}\n`, { flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}
