import { randomBytes } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { CliProcess } from '../cli/cli-process.js';
import { rawRun, readable } from '../encryption/raw-run.js';
import { startBrowser, TemporalUi, useCodecServer } from '../support/browser.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { job } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

const PATIENCE = { timeout: 60_000, interval: 200 };
const KEY = randomBytes(32).toString('base64');
const TOKEN = randomBytes(16).toString('hex');
const REQUEST = { model: 'test/model', prompt: 'a hidden orchid', duration: 4 };

let server: DevServer;
let rig: Rig;
let browser: Browser;
let codec: CliProcess;
let codecUrl: string;

vi.setConfig({ testTimeout: 180_000 });

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'), { ui: true });
  rig = await startRig({ address: server.address, environment: { LONGTAKE_ENCRYPTION_KEY: KEY } });
  browser = await startBrowser();
  const env = { LONGTAKE_ENCRYPTION_KEY: KEY, LONGTAKE_CODEC_TOKEN: TOKEN };
  codec = new CliProcess(['codec-server', '--port', '0', '--origin', server.uiUrl ?? ''], { cwd: '.', env });
  [, codecUrl = ''] = await codec.says(/answers at (http:\S+)/);
});
afterAll(async () => {
  await codec.stop();
  await browser.close();
  await rig.stop();
  await server.stop();
});

describe("Temporal's UI, for an encrypted run", () => {
  it('shows it to who has signed in at the codec server, to nobody else, and signals through it', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start({ request: REQUEST, polling: { initialInterval: '1h' } }, 'encrypted');
    const { runId } = await until(handle, ({ state }) => state === 'generating');
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    const ui = new TemporalUi(page, server.uiUrl ?? '');
    await useCodecServer(page, server.uiUrl ?? '', codecUrl);
    const refused = page.waitForResponse((answer) => answer.url() === `${codecUrl}/decode`);
    await ui.openHistory('encrypted', runId);
    expect((await refused).status()).toBe(401);
    expect(await ui.text()).not.toContain('hidden orchid');

    await page.goto(codecUrl.replace('//', `//me:${TOKEN}@`));
    expect(await page.innerText('body')).toContain('Signed in');
    await ui.openDetails('encrypted', runId);
    await vi.waitFor(async () => {
      expect(await ui.text()).toContain('prompt: a hidden orchid');
    }, PATIENCE);

    await ui.sendSignal('The provider cannot cancel: a submitted job may be billed.', '{ "reason": "a hidden wish" }');
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    expect((await handle.status()).error?.message).toContain('a hidden wish');
    const { history, description } = await rawRun(rig.temporal, 'encrypted');
    for (const bytes of [history, description]) expect(readable(bytes, ['hidden'])).toEqual([]);
  });
});
