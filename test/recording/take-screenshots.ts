import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, inject, it, vi } from 'vitest';
import type { LongtakeHandle, RunStatus } from '../../src/client/index.js';
import { startSimulator, type Simulator } from '../../src/simulator/index.js';
import { startBrowser, TemporalUi } from '../support/browser.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** Takes the pictures of Temporal's UI that the docs show: `npm run screenshots`. */
const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));
const PROMPT = 'A cinematic 4-second shot of a glass greenhouse at sunrise, soft mist, slow dolly-in camera movement';

let server: DevServer;
let simulator: Simulator;
let rig: Rig;
let browser: Browser;

beforeAll(async () => {
  await mkdir(IMAGES, { recursive: true });
  server = await startDevServer(inject('temporalCli'), { ui: true });
  simulator = await startSimulator({ generationMs: 5_000 });
  rig = await startRig({ address: server.address, environment: { OPENROUTER_BASE_URL: simulator.baseUrl } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await rig.stop();
  await simulator.close();
  await server.stop();
});

function start(id: string, model: string): Promise<LongtakeHandle> {
  const request = { model, prompt: PROMPT, duration: 4, resolution: '720p', aspect_ratio: '16:9' };
  return rig.start({ request, polling: { initialInterval: '1s', maximumInterval: '20s' } }, id);
}

it.each<[string, string, (run: RunStatus) => boolean, string]>([
  ['running', 'simulator/slow', ({ polls }) => polls === 5, 'next: poll 6'],
  ['awaiting-decision', 'simulator/answer-lost', ({ state }) => state === 'awaiting_decision', 'give up'],
  ['finished', 'google/veo-3.1-lite', ({ state }) => state === 'succeeded', 'saved'],
])('%s', async (name, model, when, sign) => {
  const id = `greenhouse-${name}`;
  const { runId } = await until(await start(id, model), when);
  const ui = await TemporalUi.open(browser, server.uiUrl ?? '');
  await ui.openDetails(id, runId);
  await vi.waitFor(
    async () => {
      if (!(await ui.text()).includes(sign)) throw new Error(`the page does not say "${sign}" yet`);
    },
    { timeout: 60_000, interval: 500 },
  );
  await ui.screenshot(join(IMAGES, `${name}.png`));
});
