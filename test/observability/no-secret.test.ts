import { randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { CliProcess, longtake, type CliEnd } from '../cli/cli-process.js';
import { longtakeInTurn } from '../cli/commands-in-turn.js';
import { EXIT } from '../../src/cli/exit-codes.js';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec.js';
import { loadConfig } from '../../src/config.js';
import { rawRun } from '../encryption/raw-run.js';
import { startBrowser, TemporalUi, useCodecServer } from '../support/browser.js';
import { freePort, startDevServer, type DevServer } from '../support/dev-server.js';
import { leaksIn, type Place } from '../support/leaks.js';
import { metricsPage } from '../support/metrics.js';
import { startOtlpCollector, type OtlpCollector } from '../support/otlp-collector.js';
import {
  accepted,
  completed,
  job,
  refusal,
  video,
  type Call,
  type ProviderScript,
  type Reply,
} from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import { newBucket } from '../support/storage-place.js';
import { postEvent } from '../support/webhook.js';
import { httpAddressOf, startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/**
 * A provider and a storage that repeat every secret that they were sent, runs that end in every way with them, and then a
 * look at everything that anybody can see of longtake.
 */

vi.setConfig({ testTimeout: 400_000, hookTimeout: 900_000 });

const API_KEY = 'sk-or-v1-needle/Key+0123456789==tail';
const WEBHOOK_SECRETS = ['whsec/new+needle-0123456789', 'whsec/old+needle-0123456789'] as const;
const CODEC_TOKEN = 'codec/token+needle-0123456789';
const SIGNATURE = '0a1b2c3d4e5f-signed-needle';
const SIGNED = `X-Amz-Credential=AKIA%2Fx&X-Amz-Signature=${SIGNATURE}`;
const PATIENCE = { timeout: 90_000, interval: 200 };

/** Everything that it was sent, in every form that it may take. */
const ECHO = `Authorization: Bearer ${API_KEY}; at https://x.example/?key=${encodeURIComponent(API_KEY)}&${SIGNED}; ${encodeURIComponent(API_KEY)}; ${Buffer.from(API_KEY).toString('base64')}`;

/** Job ids are the prompts of their runs, and so are the runs' ids. */
const SCRIPT: ProviderScript = {
  submit: ({ json }) => {
    const prompt = String(json['prompt']);
    if (prompt === 'refused') return refusal(401, ECHO, { 'x-echo': 'Bearer' });
    if (prompt === 'doubtful') return { status: 500, body: ECHO };
    return accepted(prompt);
  },
  poll: ({ jobId }) => {
    if (jobId === 'told') return job(jobId, 'failed', { error: ECHO, model: ECHO });
    if (jobId === 'denied') return refusal(403, ECHO);
    if (jobId === 'lost') return refusal(500, ECHO);
    return jobId === 'cancelled' ? job(jobId, `in_progress`, { error: ECHO }) : completed(jobId);
  },
  content: (call) => contentOf(call),
};

function contentOf({ jobId, request }: Call): Reply {
  const isSigned = request.url?.includes(SIGNATURE) === true;
  if (jobId === 'astray') return { status: 302, headers: { location: `https://127.0.0.1:1/video?${SIGNED}` } };
  return isSigned ? video() : { status: 302, headers: { location: `${request.url ?? ''}&${SIGNED}` } };
}

const RUNS = ['saved', 'refused', 'told', 'denied', 'lost', 'astray', 'doubtful', 'cancelled', 'hooked'] as const;
type Run = (typeof RUNS)[number];

let s3: S3Server;
let browser: Browser;

beforeAll(async () => {
  s3 = await startS3Server();
  browser = await startBrowser();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await browser.close();
  await s3.stop();
});

describe.each<[string, Record<string, string>]>([
  ['in the clear', {}],
  [
    'encrypted',
    {
      LONGTAKE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      LONGTAKE_ENCRYPTION_OLD_KEYS: randomBytes(32).toString('base64'),
    },
  ],
])('no secret is to be seen, with runs %s,', (_name, encryption) => {
  const secrets: Readonly<Record<string, string>> = {
    'the API key': API_KEY,
    'the new webhook secret': WEBHOOK_SECRETS[0],
    'the old webhook secret': WEBHOOK_SECRETS[1],
    'the codec token': CODEC_TOKEN,
    'the signature of an address': SIGNATURE,
    ...encryption,
  };
  const isEncrypted = Object.keys(encryption).length > 0;
  let server: DevServer;
  let collector: OtlpCollector;
  let rig: Rig;
  let worker: WorkerProcess;
  let metrics: string;
  let http: string;
  let codec: CliProcess;
  let codecUrl: string;

  beforeAll(async () => {
    server = await startDevServer(inject('temporalCli'), { ui: true });
    collector = await startOtlpCollector();
    metrics = `127.0.0.1:${await freePort()}`;
    const { environment } = await newBucket(s3);
    rig = await startRig({
      worker: false,
      address: server.address,
      script: SCRIPT,
      environment: {
        ...environment,
        ...encryption,
        OPENROUTER_API_KEY: API_KEY,
        OPENROUTER_WEBHOOK_SECRET: WEBHOOK_SECRETS.join(', '),
        LONGTAKE_WEBHOOK_URL: 'https://hooks.example',
        LONGTAKE_CODEC_TOKEN: CODEC_TOKEN,
        LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0',
        LONGTAKE_METRICS_ADDRESS: metrics,
        LONGTAKE_LOG_LEVEL: 'debug',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_BSP_SCHEDULE_DELAY: '100',
      },
    });
    worker = await startWorkerProcess(rig.environment);
    http = await httpAddressOf(worker);
    codec = new CliProcess(['codec-server', '--port', '0', '--origin', server.uiUrl ?? ''], {
      cwd: rig.storage,
      env: { ...rig.environment, ...encryptionForCodec() },
    });
    [, codecUrl = ''] = await codec.says(/answers at (http:\S+)/);
    await bringToTheirEnds();
  });
  afterAll(async () => {
    await codec.stop();
    await worker.kill();
    await rig.stop();
    await collector.close();
    await server.stop();
  });

  /** A codec server has to have a key. */
  function encryptionForCodec(): Record<string, string> {
    return isEncrypted ? {} : { LONGTAKE_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
  }

  async function bringToTheirEnds(): Promise<void> {
    for (const run of RUNS) await start(run);
    const handle = (run: Run) => rig.client.handle(run);
    await until(handle('doubtful'), ({ state }) => state === 'awaiting_decision');
    await until(handle('hooked'), ({ state }) => state === 'generating');
    await until(handle('cancelled'), ({ polls }) => polls > 0);
    expect(await answersToEvents()).toEqual([401, 204, 204]);
    expect(await cli(['resolve', 'doubtful', '--abandon'])).toMatchObject({ code: 0 });
    expect(await cli(['cancel', 'cancelled', '--reason', 'seen enough'])).toMatchObject({ code: 0 });
    const ends = await Promise.all(
      RUNS.map((run) =>
        handle(run)
          .result()
          .then(
            () => 'saved',
            (error: unknown) => error,
          ),
      ),
    );
    expect(Object.fromEntries(RUNS.map((run, index) => [run, ends[index]]))).toMatchObject({
      ...{ saved: 'saved', refused: { type: 'AuthenticationFailed' }, told: { type: 'VideoFailed' } },
      ...{
        denied: { type: 'PermissionDenied' },
        lost: { type: 'PollingExhausted' },
        astray: { type: 'DownloadFailed' },
        hooked: 'saved',
      },
      ...{ doubtful: { type: 'SubmissionAbandoned' }, cancelled: { type: 'Cancelled' } },
    });
  }

  async function start(run: Run): Promise<void> {
    const request = { model: 'test/model', prompt: run, duration: 4, resolution: '720p' };
    const quick = { initialInterval: '20ms', maximumInterval: '50ms' };
    const polling = {
      ...(run === 'hooked' ? { initialInterval: '1h', maximumInterval: '1h' } : quick),
      ...(run === 'denied' || run === 'lost' ? { maximumAttempts: 2 } : {}),
    };
    await rig.start({ request, polling, timeouts: { download: '20s' } }, run);
  }

  async function answersToEvents(): Promise<number[]> {
    const codes: number[] = [];
    for (const secret of ['whsec/wrong', ...WEBHOOK_SECRETS]) {
      codes.push(await postEvent(http, 'hooked', { secret, jobId: 'hooked', status: 'completed' }));
    }
    return codes;
  }

  async function cli(words: readonly string[], change: Record<string, string> = {}) {
    return await longtake(words, { cwd: rig.storage, env: { ...rig.environment, ...change } });
  }

  function expectNoSecret(places: readonly Place[]): void {
    expect(places.filter(({ content }) => content.length === 0).map(({ name }) => name)).toEqual([]);
    const all = { ...secrets, 'the secret of S3': s3.environment['AWS_SECRET_ACCESS_KEY'] ?? '' };
    expect(leaksIn(places, all)).toEqual([]);
  }

  it('in histories, memos, search attributes, summaries and details, as the server has them', async () => {
    const places = RUNS.map(async (run) => {
      const { history, description, listed } = await rawRun(rig.temporal, run);
      return [
        { name: `the history of ${run}`, content: history },
        { name: `the description of ${run}`, content: description },
        { name: `the list entry of ${run}`, content: listed },
      ];
    });
    expectNoSecret((await Promise.all(places)).flat());
  });

  it('in histories and descriptions as whoever has the key reads them', async () => {
    const decoder = createEncryptionCodec(loadConfig(rig.environment).encryption);
    const { workflowService } = rig.temporal;
    const places = RUNS.map(async (workflowId) => {
      const answers = await Promise.all([
        workflowService.getWorkflowExecutionHistory({ namespace: 'default', execution: { workflowId } }),
        workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } }),
      ]);
      const payloads = await decoder.decode(answers.flatMap(payloadsIn));
      const content = Buffer.concat(payloads.map(({ data }) => Buffer.from(data ?? [])));
      expect(content.includes(workflowId), 'the prompt is there').toBe(true);
      return { name: workflowId, content };
    });
    expectNoSecret(await Promise.all(places));
  });

  it('in the log of the worker, on level debug', () => {
    expect(worker.lines()).toContain('"level":"debug"');
    expectNoSecret([{ name: 'the log', content: worker.lines() }]);
  });

  it('in metrics and traces', async () => {
    const names = () => collector.spans().filter(({ name }) => name === 'generateVideo').length;
    await expect.poll(names, PATIENCE).toBe(RUNS.length);
    expectNoSecret([
      { name: 'the metrics', content: await metricsPage(metrics) },
      { name: 'the traces', content: collector.received() },
    ]);
  });

  it('in what the HTTP listeners answer', async () => {
    const urls = ['healthz', 'readyz', 'metrics', 'webhooks/openrouter/hooked', 'nothing'].map(
      (path) => `http://${http}/${path}`,
    );
    const answers = [
      ...urls.flatMap((url) => [fetch(url), fetch(url, { method: 'POST', body: ECHO })]),
      fetch(`${codecUrl}/decode`, { method: 'POST', body: ECHO }),
      fetch(codecUrl, { headers: { authorization: `Bearer ${CODEC_TOKEN}` } }),
      fetch(codecUrl, { headers: { authorization: 'Bearer wrong' } }),
    ];
    const places = answers.map(async (coming) => {
      const answer = await coming;
      const headers = JSON.stringify([...answer.headers]);
      return { name: answer.url, content: `${answer.status} ${headers} ${await answer.text()}` };
    });
    expectNoSecret(await Promise.all(places));
    expectNoSecret([{ name: 'the codec server’s own output', content: await said(codec) }]);
  });

  it('in what the command line says with --debug, which is the most that it can say', async () => {
    const asked = [
      ...RUNS.flatMap((run) => [
        ['status', run],
        ['wait', run, '--json'],
      ]),
      ...[['list'], ['list', '--json'], ['models', '--json'], ['doctor'], ['url', 'saved'], ['url', 'told']],
      ...[
        ['generate', 'x', '--id', 'refused'],
        ['adopt', 'told', '--id', 'adopted', '--poll-interval', '1s'],
      ],
      ...[
        ['cancel', 'saved'],
        ['resolve', 'saved', '--abandon'],
        ['resolve', 'nobody', '--resubmit'],
      ],
    ].map((words) => ['--debug', ...words]);
    const places: Place[] = [];
    const take = (name: string, { stdout, stderr }: CliEnd): void => {
      expect(stdout + stderr, name).not.toBe('');
      places.push({ name: `longtake ${name}`, content: stdout + stderr });
    };
    const ends = await longtakeInTurn(asked, { cwd: rig.storage, env: rig.environment });
    // Each has come as far as Temporal or the provider, and none to grief over its words.
    expect(ends.filter(({ code }) => code === EXIT.usage || code === EXIT.unreachable)).toEqual([]);
    for (const [index, words] of asked.entries()) take(words.join(' '), ends[index] ?? fail(words));
    // Where something is wrong with them, they are nearest to being said.
    for (const change of wrongSettings()) {
      take(`doctor ${Object.keys(change).join(' ')}`, await cli(['--debug', 'doctor'], change));
    }
    expectNoSecret(places);
  });

  function fail(words: readonly string[]): never {
    throw new Error(`longtake ${words.join(' ')} did not end`);
  }

  function wrongSettings(): Record<string, string>[] {
    return [
      { OPENROUTER_BASE_URL: `https://me:${API_KEY}@127.0.0.1:1/v1` },
      { OPENROUTER_WEBHOOK_SECRET: [...WEBHOOK_SECRETS, API_KEY].join() },
      { LONGTAKE_ENCRYPTION_KEY: API_KEY },
      { LONGTAKE_CODEC_TOKEN: `${CODEC_TOKEN} ${CODEC_TOKEN}` },
      { OPENROUTER_API_KEY: `${API_KEY} ${API_KEY}` },
      { LONGTAKE_STORAGE: `s3://me:${API_KEY}@bucket/x` },
    ];
  }

  it("in Temporal's UI, nor in what it sends to the browser", async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    const page = await context.newPage();
    const ui = new TemporalUi(page, server.uiUrl ?? '');
    if (isEncrypted) {
      await useCodecServer(page, server.uiUrl ?? '', codecUrl);
      await page.goto(codecUrl.replace('//', `//me:${encodeURIComponent(CODEC_TOKEN)}@`));
    }
    const received: Promise<string>[] = [];
    page.on('response', (answer) => {
      if (/json/.test(answer.headers()['content-type'] ?? '')) received.push(answer.text().catch(() => ''));
    });
    const places: Place[] = [];
    const look = async (name: string, expected: string): Promise<void> => {
      await vi.waitFor(async () => {
        expect(await ui.text()).toContain(expected);
      }, PATIENCE);
      places.push({ name, content: `${await ui.text()}${await page.content()}` });
    };
    await ui.openList('WorkflowType = "generateVideo"');
    await look('the list', 'refused');
    for (const run of RUNS) {
      const { runId } = await rig.temporal.workflow.getHandle(run).describe();
      await ui.openHistory(run, runId);
      await look(`the history of ${run}`, run);
      await ui.turnToDetails();
      await look(`the details of ${run}`, `prompt: ${run}`);
    }
    const content = (await Promise.all(received)).join('\n');
    expect(content).toContain('EVENT_TYPE_');
    expectNoSecret([...places, { name: 'what the browser got', content }]);
    await context.close();
  });
});

/** Everything that longtake has said so far. */
async function said(process: CliProcess): Promise<string> {
  const [text] = await process.says(/^[\s\S]*$/);
  return text;
}

/** Every payload in an answer of the server's, however deep. */
function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { metadata, data } = value as Payload;
  if (metadata?.['encoding'] instanceof Uint8Array && data instanceof Uint8Array) return [value];
  return Object.values(value).flatMap(payloadsIn);
}
