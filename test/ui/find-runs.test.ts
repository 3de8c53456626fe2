import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { FAILURES, type FailureType } from '../../src/contract/failures.js';
import type { GenerateVideoInput } from '../../src/client/index.js';
import { longtake } from '../cli/cli-process.js';
import { codeSpans, firstColumns, readPaper, sectionOf } from '../docs/papers.js';
import { startBrowser, TemporalUi } from '../support/browser.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { accepted, completed, job, MODEL, refusal, video, type Handler } from '../support/provider.js';
import { startRig, until, QUICK, type Rig } from '../support/rig.js';

vi.setConfig({ testTimeout: 180_000 });

/** Pages fill themselves after they are loaded, and the server's lists come after its runs. */
const PATIENCE = { timeout: 60_000, interval: 250 };

/** How one run comes to one end: what the provider says to it, and what is asked for. */
interface Way {
  readonly submit?: Handler;
  readonly poll?: Handler;
  readonly content?: Handler;
  readonly input?: Partial<GenerateVideoInput>;
}

const request = (prompt: string, duration = 4) => ({ model: 'test/model', prompt, duration, resolution: '720p' });

const WAYS = {
  InvalidRequest: { input: { request: request('InvalidRequest', 5) } },
  BudgetExceeded: { input: { maxCostUsd: 0.01 } },
  AuthenticationFailed: { submit: () => refusal(401, 'no such key') },
  PermissionDenied: { submit: () => refusal(403, 'not this model') },
  InsufficientCredits: { submit: () => refusal(402, 'no credits') },
  SubmissionRejected: { submit: () => refusal(400, 'not like this') },
  ProviderUnavailable: { submit: () => refusal(429, 'busy'), input: { timeouts: { submit: '500ms' } } },
  SubmissionAbandoned: { submit: () => ({ status: 502, body: 'bad gateway' }) },
  VideoFailed: { poll: ({ jobId }) => job(jobId, 'failed') },
  VideoCancelled: { poll: ({ jobId }) => job(jobId, 'cancelled') },
  VideoExpired: { poll: ({ jobId }) => job(jobId, 'expired') },
  VideoLost: { poll: () => refusal(404, 'who?') },
  PollingExhausted: {
    poll: ({ jobId }) => job(jobId, 'in_progress'),
    input: { polling: { ...QUICK, maximumAttempts: 2 } },
  },
  DownloadFailed: { content: () => refusal(410, 'gone') },
  InvalidVideo: { content: () => video(Buffer.from('<html>not found</html>')) },
  OutputConflict: { input: { output: 'taken.mp4' } },
  StorageFailed: {
    // A file where the folder must be: it appears after the check, as trouble does.
    content: async () => {
      await writeFile(join(rig.storage, 'folder'), 'in the way');
      return video();
    },
    input: { output: 'folder/x.mp4', timeouts: { download: '2s' } },
  },
} as const satisfies Record<FailureType, Way>;

const TYPES = Object.keys(FAILURES) as FailureType[];
const DOCS_MODEL = 'google/veo-3.1-lite';
/** Of both parts: a worker keeps the list for minutes. */
const models: Handler = () => ({ body: { data: [MODEL, { ...MODEL, id: DOCS_MODEL }] } });

let server: DevServer;
let rig: Rig;
let browser: Browser;
let ui: TemporalUi;

/** Prompts and job ids are the names of the ways. */
function wayOf(name: string): Way {
  return name in WAYS ? WAYS[name as FailureType] : {};
}

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'), { ui: true });
  rig = await startRig({
    address: server.address,
    script: {
      models,
      submit: (call) => {
        const name = String(call.json['prompt']);
        return (wayOf(name).submit ?? (() => accepted(name)))(call);
      },
      poll: (call) => (wayOf(call.jobId).poll ?? (({ jobId }) => completed(jobId)))(call),
      content: (call) => (wayOf(call.jobId).content ?? (() => video()))(call),
    },
  });
  browser = await startBrowser();
  ui = await TemporalUi.open(browser, server.uiUrl ?? '');
});
afterAll(async () => {
  await browser.close();
  await rig.stop();
  await server.stop();
});

async function foundInUi(filter: string, ids: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    await ui.openList(filter);
    await vi.waitFor(async () => {
      const text = await ui.text();
      expect(ids.filter((id) => !text.includes(id))).toEqual([]);
    }, 10_000);
  }, PATIENCE);
}

describe('a run that failed', () => {
  beforeAll(async () => {
    await writeFile(join(rig.storage, 'taken.mp4'), 'somebody else’s');
    const runs = await Promise.all(
      TYPES.map((type) => rig.start({ request: request(type), ...wayOf(type).input }, type)),
    );
    const doubtful = rig.client.handle('SubmissionAbandoned');
    await until(doubtful, ({ state }) => state === 'awaiting_decision');
    await doubtful.resolveSubmission({ action: 'abandon' });
    await Promise.allSettled(runs.map((run) => run.result()));
  });

  it.each(TYPES)('is told to be %s by its status', async (type) => {
    expect(await rig.client.handle(type).status()).toMatchObject({ state: 'failed', error: { type } });
  });

  it('is found by "longtake list --state failed", whatever its type, and by no other state', async () => {
    const list = async (state: string): Promise<string[]> => {
      const { stdout } = await longtake(['list', '--state', state, '--json'], {
        cwd: rig.storage,
        env: rig.environment,
      });
      return (JSON.parse(stdout) as { readonly id: string }[]).map(({ id }) => id).sort();
    };
    await vi.waitFor(async () => {
      expect(await list('failed')).toEqual([...TYPES].sort());
    }, PATIENCE);
    expect(await list('succeeded')).toEqual([]);
  });

  it("is found by the filter of Temporal's UI, whatever its type", async () => {
    await foundInUi('LongtakeState = "failed"', TYPES);
  });
});

describe('the filters in docs/how-to/use-temporals-ui.md', () => {
  const section = sectionOf(readPaper('docs/how-to/use-temporals-ui.md').text, '## To find runs');
  const rows = [...section.matchAll(/^\| (that|of|in) .*$/gm)].map(([row]) => row);
  const filters = rows.map((row) => codeSpans(row)[0] ?? '');
  const model = DOCS_MODEL;
  const jobId = /LongtakeJobId = "([^"]+)"/.exec(section)?.[1] ?? '';

  beforeAll(async () => {
    rig.provider.script = {
      models,
      submit: ({ json }) =>
        json['prompt'] === 'doubtful' ? { status: 502, body: 'bad gateway' } : accepted(String(json['prompt'])),
      poll: (call) => (call.jobId === 'endless' ? job('endless', 'in_progress') : completed(call.jobId, 1.5)),
    };
    const doubtful = await rig.start({ request: request('doubtful') }, 'doubtful');
    const endless = await rig.start({ request: { ...request('endless'), model } }, 'endless');
    await (await rig.start({ jobId }, 'adopted')).result();
    await until(doubtful, ({ state }) => state === 'awaiting_decision');
    await until(endless, ({ state }) => state === 'generating');
  });

  it('are as many as there are rows', () => {
    expect(filters.length).toBe(firstColumns(section).filter((cell) => !/^(runs|-+)$/.test(cell)).length);
    expect(filters.length).toBeGreaterThan(6);
  });

  it.each(filters)('finds what it is for: %s', async (filter) => {
    const expected = Object.entries({
      doubtful: /awaiting_decision/,
      endless: /"generating"|LongtakeModel/,
      VideoFailed: /"failed"|WorkflowType/,
      adopted: /LongtakeJobId|LongtakeCostUsd/,
    }).flatMap(([id, pattern]) => (pattern.test(filter) ? [id] : []));
    expect(expected).not.toEqual([]);
    await foundInUi(filter, expected);
  });
});
