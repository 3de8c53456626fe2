import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where systems keep a Chromium of their own; playwright-core brings none. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'] ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error('No Chromium was found. Install one (Debian: apt-get install chromium), or set CHROMIUM_PATH.');
  }
  // Chromium refuses its own sandbox to root, as which containers and CI run.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--force-color-profile=srgb'] });
}

/** Temporal's own UI, as an operator has it before her. */
export class TemporalUi {
  constructor(
    private readonly page: Page,
    private readonly url: string,
  ) {}

  static async open(browser: Browser, url: string): Promise<TemporalUi> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, timezoneId: 'UTC', locale: 'en-GB' });
    return new TemporalUi(page, url);
  }

  /** The tab of a run where its summary and its current details are. */
  async openDetails(workflowId: string, runId: string): Promise<void> {
    await this.openRun(workflowId, runId, 'user-metadata');
    await this.page.getByRole('heading', { name: 'Current Details' }).waitFor();
  }

  /** From another tab of the run; the whole of the UI is not loaded again. */
  async turnToDetails(): Promise<void> {
    await this.page.locator('a[href$="/user-metadata"]').click();
    await this.page.getByRole('heading', { name: 'Current Details' }).waitFor();
  }

  async openHistory(workflowId: string, runId: string): Promise<void> {
    await this.openRun(workflowId, runId, 'history');
  }

  async openList(filter: string): Promise<void> {
    await this.page.goto(`${this.url}/namespaces/default/workflows?query=${encodeURIComponent(filter)}`);
  }

  /** Everything that can be read now, also inside the frames that details are shown in. */
  async text(): Promise<string> {
    const texts = await Promise.all(this.page.frames().map((frame) => frame.innerText('body')));
    return texts.join('\n');
  }

  /** The items of lists in the current details. */
  async listItems(): Promise<string[]> {
    const items = await Promise.all(this.page.frames().map((frame) => frame.locator('li:has(code)').allInnerTexts()));
    return items.flat().map((item) => item.trim());
  }

  /** Fills in the UI's own form, where each signal stands with its description, and sends it. */
  async sendSignal(description: string, data: string): Promise<void> {
    await this.page.getByRole('button', { name: 'More Actions' }).click();
    await this.page.getByRole('menuitem', { name: 'Send a Signal' }).click();
    await this.page.getByRole('button', { name: 'Select a signal' }).click();
    await this.page.getByRole('option').filter({ hasText: description }).click();
    const form = this.page.getByRole('dialog');
    await form.locator('[contenteditable=true]').click();
    await this.page.keyboard.insertText(data);
    await form.getByRole('button', { name: 'Submit' }).click();
    await form.waitFor({ state: 'hidden' });
  }

  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path });
  }

  private async openRun(workflowId: string, runId: string, tab: string): Promise<void> {
    const id = encodeURIComponent(workflowId);
    await this.page.goto(`${this.url}/namespaces/default/workflows/${id}/${runId}/${tab}`);
    await this.page.getByRole('heading', { name: workflowId }).waitFor();
  }
}

/** What the UI's settings, behind the glasses in its bar, keep in the browser. */
export async function useCodecServer(page: Page, uiUrl: string, codecUrl: string): Promise<void> {
  await page.goto(uiUrl);
  const settings = { endpoint: codecUrl, includeCredentials: true, overrideRemoteCodecConfiguration: true };
  for (const [name, value] of Object.entries(settings)) {
    const item = JSON.stringify([name, JSON.stringify(value)]);
    await page.evaluate(`localStorage.setItem(...${item})`);
  }
}
