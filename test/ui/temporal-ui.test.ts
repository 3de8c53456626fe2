import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startBrowser, TemporalUi } from '../support/browser.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { job } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** Pages fill themselves after they are loaded, in their own time. */
const PATIENCE = { timeout: 60_000, interval: 200 };

/** What an operator can see and do who has nothing but Temporal's own UI. */
let server: DevServer;
let rig: Rig;
let browser: Browser;

vi.setConfig({ testTimeout: 180_000 });

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'), { ui: true });
  rig = await startRig({ address: server.address });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await rig.stop();
  await server.stop();
});

async function openUi(): Promise<TemporalUi> {
  return await TemporalUi.open(browser, server.uiUrl ?? '');
}

describe("Temporal's UI", () => {
  it('shows a run in doubt, what happened, and the three answers as a list', async () => {
    rig.provider.script = { submit: () => ({ status: 502, body: 'bad gateway' }) };
    const handle = await rig.start({}, 'doubt');
    const { runId } = await until(handle, ({ state }) => state === 'awaiting_decision');
    const ui = await openUi();
    await ui.openDetails('doubt', runId);
    await vi.waitFor(async () => {
      expect(await ui.listItems()).toEqual(
        expect.arrayContaining([
          'the job is there: longtake resolve --adopt JOB_ID doubt',
          'there is no job, pay for a new one: longtake resolve --resubmit doubt',
          'give up: longtake resolve --abandon doubt',
          'model: test/model',
          'prompt: a greenhouse',
          'output: doubt.mp4',
        ]),
      );
    }, PATIENCE);
    const text = await ui.text();
    expect(text).toContain('awaiting_decision since ');
    expect(text).toContain('A paid job may exist; longtake will not send the request again by itself.');
    expect(text).toContain('test/model: a greenhouse');
    await handle.resolveSubmission({ action: 'abandon' });
  });

  it('shows what people wrote as they wrote it, whatever it would be in Markdown', async () => {
    rig.provider.script = { submit: () => ({ status: 502, body: 'bad gateway' }) };
    const prompt = '*a* __greenhouse__ for $1 or $2, [seen](https://example.com) by `two` <b>people</b> ~~at~~ dawn';
    const handle = await rig.start({ request: { model: 'test/model', prompt } }, 'a`b``c');
    const { runId } = await until(handle, ({ state }) => state === 'awaiting_decision');
    const ui = await openUi();
    await ui.openDetails('a`b``c', runId);
    await vi.waitFor(async () => {
      expect(await ui.listItems()).toContain("give up: longtake resolve --abandon 'a`b``c'");
    }, PATIENCE);
    expect(await ui.listItems()).toContain(`prompt: ${prompt.slice(0, 80)}…`);
    expect(await ui.text()).toContain(`test/model: ${prompt.slice(0, 100 - 'test/model: '.length)}…`);
    await handle.resolveSubmission({ action: 'abandon' });
  });

  it('shows a command as it is to be typed', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const output = "it's one.mp4";
    const polling = { initialInterval: '20ms', maximumAttempts: 1 };
    const handle = await rig.start({ polling, output }, 'to-be-typed');
    await expect(handle.result()).rejects.toMatchObject({ type: 'PollingExhausted' });
    const { runId, jobId } = await handle.status();
    const ui = await openUi();
    await ui.openDetails('to-be-typed', runId);
    await vi.waitFor(async () => {
      expect(await ui.text()).toContain(`longtake adopt --output 'it'\\''s one.mp4' ${String(jobId)}`);
    }, PATIENCE);
  });

  it('finds runs by their state', async () => {
    rig.provider.script = { submit: () => ({ status: 400, body: { error: { code: 400, message: 'no' } } }) };
    const failing = await rig.start({}, 'turned-down');
    await expect(failing.result()).rejects.toMatchObject({ type: 'SubmissionRejected' });
    const ui = await openUi();
    await vi.waitFor(async () => {
      await ui.openList('LongtakeState = "failed" AND LongtakeModel = "test/model"');
      await vi.waitFor(async () => {
        expect(await ui.text()).toContain('turned-down');
      }, 5_000);
    }, PATIENCE);
    await ui.openList('LongtakeState = "succeeded"');
    await vi.waitFor(async () => {
      expect(await ui.text()).toContain('There are no results for the applied filters');
    }, PATIENCE);
  });

  it('shows where a waiting run stands, explains its signals, and cancels it by its form', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const polling = { initialInterval: '500ms', backoffCoefficient: 100, maximumInterval: '1h' };
    const handle = await rig.start({ polling }, 'waiting-for-it');
    const { runId, jobId } = await until(handle, ({ polls }) => polls === 1);
    const ui = await openUi();
    await ui.openDetails('waiting-for-it', runId);
    await vi.waitFor(async () => {
      expect(await ui.listItems()).toEqual(
        expect.arrayContaining([`job: ${String(jobId)}`, 'provider says: in_progress']),
      );
    }, PATIENCE);
    const text = await ui.text();
    expect(text).toMatch(/polls: 1, next at 20/);
    expect(text).toContain('in_progress, next: poll 2');
    expect(text).toContain('To cancel: longtake cancel waiting-for-it or the signal cancel.');
    await ui.sendSignal('The provider cannot cancel: a submitted job may be billed.', '{ "reason": "seen enough" }');
    await expect(handle.result()).rejects.toMatchObject({ type: 'Cancelled' });
    expect((await handle.status()).error?.message).toContain('seen enough');
  });
});
