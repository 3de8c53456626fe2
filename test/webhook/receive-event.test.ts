import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LongtakeHandle } from '../../src/client/index.js';
import { SENDING_SIGNAL } from '../../src/contract/names.js';
import { webhookRoutes, type WebhookOptions } from '../../src/webhook/receive-event.js';
import { startHttpServer, type HttpServer } from '../../src/worker/http-server.js';
import { accepted, completed, job, refusal } from '../support/provider.js';
import { logLines, startRig, until, type Rig } from '../support/rig.js';
import { readPaper } from '../docs/papers.js';
import { eventBody, nowSeconds, postEvent, sign } from '../support/webhook.js';

const SECRET = 'whsec-7d1f0c2b9a';
const OLD_SECRET = 'whsec-of-last-year';
/** Nothing but an event ends the wait. */
const SLOW_POLLS = { initialInterval: '10m', maximumInterval: '10m', timeout: '1h' };

let rig: Rig;
let server: HttpServer;
let address: string;

beforeAll(async () => {
  rig = await startRig({ environment: { OPENROUTER_WEBHOOK_SECRET: `${SECRET},${OLD_SECRET}` } });
  server = await startHttpServer({ host: '127.0.0.1', port: 0 }, rig.worker?.worker.routes ?? []);
  address = addressOf(server);
});
afterEach(() => {
  rig.provider.submits.length = 0;
  rig.provider.polls.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await server.close();
  await rig.stop();
});

function addressOf({ address: { host, port } }: HttpServer): string {
  return `${host}:${port}`;
}

/** A run that waits for its provider, with polls ten minutes apart. */
async function waitingRun(id?: string) {
  rig.provider.script.poll = ({ jobId }) => job(jobId, 'in_progress');
  const handle = await rig.start({ polling: SLOW_POLLS }, id);
  const { jobId } = await until(handle, ({ state }) => state === 'generating');
  return { handle, jobId: jobId ?? '' };
}

/** What a run was told, but for what its own worker says. */
async function signalsOf(workflowId: string): Promise<number> {
  const { events } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  const names = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
  return names.filter((name) => name !== SENDING_SIGNAL).length;
}

describe('a signed event', () => {
  it('can be sent by hand as the how-to says', async () => {
    const { handle, jobId } = await waitingRun();
    const script = readPaper('docs/how-to/take-webhooks.md').blocks.find(({ text }) => text.includes('openssl dgst'));
    const lines = (script?.text ?? '').replace('JOB_ID', jobId).replace('/ID', `/${handle.workflowId}`);
    const env = { PATH: process.env['PATH'], LONGTAKE_WEBHOOK_URL: `http://${address}` };
    const send = async (secret: string) =>
      (await promisify(execFile)('bash', ['-c', lines], { env: { ...env, OPENROUTER_WEBHOOK_SECRET: secret } })).stdout;
    expect(await send('another')).toBe('401\n');
    rig.provider.script.poll = ({ jobId: asked }) => completed(asked);
    expect(await send(SECRET)).toBe('204\n');
    expect(await handle.result()).toMatchObject({ jobId, polls: 1 });
  });

  it('ends a wait of minutes within seconds, after a poll has confirmed it', async () => {
    const { handle, jobId } = await waitingRun();
    rig.provider.script.poll = ({ jobId: asked }) => completed(asked);
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId })).toBe(204);
    const result = await handle.result();
    expect(result).toMatchObject({ jobId, polls: 1, costUsd: 0.12 });
  });

  it('is not believed: a job that goes on is waited for', async () => {
    const { handle, jobId } = await waitingRun();
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId })).toBe(204);
    await until(handle, ({ polls }) => polls === 1);
    expect(await handle.status()).toMatchObject({ state: 'generating', providerStatus: 'in_progress', costUsd: null });
    await handle.cancel();
  });

  it('that comes again and again leads to one poll', async () => {
    const { handle, jobId } = await waitingRun();
    for (let i = 0; i < 5; i++) {
      expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId })).toBe(204);
    }
    await until(handle, ({ polls }) => polls === 1);
    // The query is answered after every signal before it.
    expect(await handle.status()).toMatchObject({ polls: 1 });
    expect(rig.provider.polls).toHaveLength(1);
    await handle.cancel();
  });

  it('that comes in a flood is in the history once, of which the server takes no end of signals', async () => {
    const { handle, jobId } = await waitingRun();
    const posts = Array.from({ length: 50 }, () => postEvent(address, handle.workflowId, { secret: SECRET, jobId }));
    expect(new Set(await Promise.all(posts))).toEqual(new Set([204]));
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId })).toBe(204);
    await until(handle, ({ polls }) => polls === 1);
    expect(await signalsOf(handle.workflowId)).toBe(1);
    await handle.cancel();
  });

  it('replayed byte for byte is harmless while it is fresh, and refused afterwards', async () => {
    const { handle, jobId } = await waitingRun();
    const at = nowSeconds() - 290;
    const post = { secret: SECRET, jobId, at };
    expect(await postEvent(address, handle.workflowId, post)).toBe(204);
    expect(await postEvent(address, handle.workflowId, post)).toBe(204);
    await until(handle, ({ polls }) => polls === 1);
    expect(rig.provider.polls).toHaveLength(1);
    expect(await postEvent(address, handle.workflowId, { ...post, at: nowSeconds() - 302 })).toBe(401);
    await handle.cancel();
  });

  it('about the job of another run changes nothing', async () => {
    const { handle } = await waitingRun();
    const other = await waitingRun();
    await expect
      .poll(() => rig.temporal.workflow.count(`LongtakeJobId = '${other.jobId}'`))
      .toMatchObject({ count: 1 });
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId: other.jobId })).toBe(204);
    await expect.poll(() => rig.provider.polls).toEqual([other.jobId]); // it is looked at, and is not this run's
    expect(await handle.status()).toMatchObject({ state: 'generating', polls: 0 });
    await Promise.all([handle.cancel(), other.handle.cancel()]);
    await expect(handle.result()).rejects.toMatchObject({
      message: expect.not.stringContaining(other.jobId) as string,
    });
    expect((await handle.status()).warnings).toEqual([]);
  });

  it('that comes before the submit was answered is kept, and hurries the first poll', async () => {
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    rig.provider.script = {
      submit: async () => {
        await gate;
        return accepted('early');
      },
      poll: ({ jobId }) => completed(jobId),
    };
    const handle = await rig.start({ polling: SLOW_POLLS });
    await expect.poll(() => rig.provider.submits.length).toBe(1);
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId: 'early' })).toBe(204);
    expect((await handle.status()).state).toBe('submitting');
    answer();
    expect(await handle.result()).toMatchObject({ jobId: 'early', polls: 1 });
  });

  it('adopts the job of a run whose submit was never answered', async () => {
    rig.provider.script = {
      submit: ({ request }) => {
        request.socket.destroy();
        return null;
      },
      poll: ({ jobId }) => completed(jobId),
    };
    const handle = await rig.start();
    await until(handle, ({ state }) => state === 'awaiting_decision');
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId: 'lost-and-found' })).toBe(204);
    expect((await handle.result()).jobId).toBe('lost-and-found');
    expect(rig.provider.submits).toHaveLength(1);
  });

  it('may be signed with the secret that is being replaced', async () => {
    const { handle, jobId } = await waitingRun();
    expect(await postEvent(address, handle.workflowId, { secret: OLD_SECRET, jobId })).toBe(204);
    await until(handle, ({ polls }) => polls === 1);
    await handle.cancel();
  });

  it('reaches a run whose id needs escaping, also when a proxy has decoded its slashes', async () => {
    const id = `orders/2026/№ 7 ${String(Math.random())}`;
    const { handle, jobId } = await waitingRun(id);
    expect(await postEvent(address, id, { secret: SECRET, jobId })).toBe(204);
    const body = eventBody(jobId, 'failed');
    const response = await fetch(`http://${address}/webhooks/openrouter/${encodeURI(id)}`, {
      method: 'POST',
      headers: { 'x-openrouter-signature': sign(SECRET, body) },
      body,
    });
    expect(response.status).toBe(204);
    // One that comes while the run is thinking enters the history a moment later.
    await vi.waitFor(async () => {
      expect(await signalsOf(id)).toBe(2);
    }, 30_000);
    await handle.cancel();
  });
});

describe('what is refused', () => {
  it.each<[string, number, (jobId: string) => Partial<Parameters<typeof postEvent>[2]>]>([
    ['a forged signature', 401, () => ({ secret: 'whsec-guessed' })],
    ['no signature', 401, () => ({ signature: null })],
    ['a signature of another body', 401, (jobId) => ({ signature: sign(SECRET, eventBody(`${jobId}0`)) })],
    ['a stale signature', 401, () => ({ at: nowSeconds() - 302 })],
    ['a signature from the future', 401, () => ({ at: nowSeconds() + 310 })],
    ['signed text that is no JSON', 400, () => ({ body: 'not json' })],
    ['signed bytes that are no text', 400, () => ({ body: Buffer.from([0xff, 0xfe]) })],
    ['a signed empty body', 400, () => ({ body: '' })],
    ['signed JSON that is no event', 400, () => ({ body: '{"hello":"world"}' })],
    ['a signed null', 400, () => ({ body: 'null' })],
    ['a signed event of another kind', 400, (jobId) => ({ body: eventBody(jobId).replace('video.', 'image.') })],
    ['a signed event whose job id cannot be one', 400, () => ({ body: eventBody('..') })],
    ['a signed event over 64 KiB', 413, (jobId) => ({ body: eventBody(jobId).padEnd(64 * 1024 + 1) })],
    ['unsigned bytes over 64 KiB', 413, () => ({ body: Buffer.alloc(300_000), signature: null })],
  ])('%s is answered with %i, and the run hears nothing', async (_what, status, change) => {
    const { handle, jobId } = await waitingRun();
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId, ...change(jobId) })).toBe(status);
    expect(await signalsOf(handle.workflowId)).toBe(0);
    await handle.cancel();
  });

  it('64 KiB exactly are not too much', async () => {
    const { handle, jobId } = await waitingRun();
    const body = eventBody(jobId).padEnd(64 * 1024);
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId, body })).toBe(204);
    await handle.cancel();
  });

  it('what is not signed is told of once a minute', async () => {
    const lines: string[] = [];
    const warn = (line: unknown) => void lines.push(String(line));
    const ignore = () => undefined;
    const routes = webhookRoutes(receiver({ logger: { debug: ignore, info: ignore, warn } }));
    const other = await startHttpServer({ host: '127.0.0.1', port: 0 }, routes);
    onTestFinished(() => other.close());
    const forged = { secret: 'whsec-guessed', jobId: 'j' };
    for (let n = 0; n < 3; n++) expect(await postEvent(addressOf(other), 'x', forged)).toBe(401);
    expect(lines).toEqual([expect.stringContaining('signature')]);
    const later = performance.now() + 60_000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(later);
    onTestFinished(() => {
      clock.mockRestore();
    });
    expect(await postEvent(addressOf(other), 'x', forged)).toBe(401);
    expect(lines).toHaveLength(2);
  });

  it.each([
    ['a run that is not there', 'no-such-run'],
    ['an id that no run can have', 'x'.repeat(2_000)],
  ])('an event for %s is answered with 404, and no louder than debug', async (_what, id) => {
    const before = logLines.length;
    expect(await postEvent(address, id, { secret: SECRET, jobId: 'j' })).toBe(404);
    const loud = logLines.slice(before).filter((line) => line.includes('webhook') && !line.includes('"level":20'));
    expect(loud).toEqual([]);
  });

  it('an id that cannot be decoded is answered with 404, to those who sign', async () => {
    const body = eventBody('j');
    const post = (headers: Record<string, string>) =>
      fetch(`http://${address}/webhooks/openrouter/%E0%A4%A`, { method: 'POST', headers, body });
    expect((await post({ 'x-openrouter-signature': sign(SECRET, body) })).status).toBe(404);
    expect((await post({})).status).toBe(401);
  });

  it('an event that comes after the end is answered with 404', async () => {
    const handle = await rig.start();
    const { jobId } = await handle.result();
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId })).toBe(404);
    expect(logLines.filter((line) => line.includes('"level":40') && line.includes(handle.workflowId))).toEqual([]);
  });

  it.each<[string, (handle: LongtakeHandle) => Promise<unknown>]>([
    ['given up', (handle) => handle.resolveSubmission({ action: 'abandon' })],
    ['cancelled', (handle) => handle.cancel()],
    ['terminated', (handle) => rig.temporal.workflow.getHandle(handle.workflowId).terminate('enough')],
  ])('the job of a run that was %s in doubt is in the log, once, with the command that saves it', async (_how, end) => {
    rig.provider.script.submit = () => refusal(502, 'who knows');
    const handle = await rig.start({ output: `folder/${randomUUID()}.mp4` });
    await until(handle, ({ state }) => state === 'awaiting_decision');
    await end(handle);
    await expect(handle.result()).rejects.toThrow();
    const jobId = `paid-${randomUUID()}`;
    for (const status of ['in_progress', 'completed']) {
      const body = eventBody(jobId, status);
      expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId, body })).toBe(404);
    }
    const warnings = logLines.filter((line) => line.includes('"level":40') && line.includes(jobId));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(new RegExp(`longtake adopt --output folder/[^ ]+ ${jobId}"`));
  });

  it('anything but a POST is answered with 405', async () => {
    const response = await fetch(`http://${address}/webhooks/openrouter/x`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('a body without a length that passes 64 KiB is cut off with 413', async () => {
    const sender = openSender(address, ['transfer-encoding: chunked']);
    const chunk = Buffer.concat([Buffer.from('4000\r\n'), Buffer.alloc(0x4000, 0x20), Buffer.from('\r\n')]);
    for (let i = 0; i < 5; i++) sender.socket.write(chunk);
    expect(await sender.answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('without a secret there is no such route', async () => {
    const other = await startHttpServer({ host: '127.0.0.1', port: 0 }, webhookRoutes(receiver({ secrets: [] })));
    onTestFinished(() => other.close());
    expect(await postEvent(addressOf(other), 'x', { secret: '', jobId: 'j' })).toBe(404);
  });

  it('neither the secret nor what was sent is ever in the log', () => {
    const text = logLines.join('\n');
    expect(text).toContain('a webhook was passed on to its run');
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('elsewhere.example');
  });
});

describe('senders and servers in trouble', () => {
  it('a sender that trickles is cut off, and others are served meanwhile', async () => {
    const other = await startHttpServer(
      { host: '127.0.0.1', port: 0 },
      webhookRoutes(receiver({ limits: { withinMs: 300 } })),
    );
    onTestFinished(() => other.close());
    const slow = openSender(addressOf(other), ['content-length: 1000']);
    const trickle = setInterval(() => slow.socket.write('x'), 50);
    onTestFinished(() => {
      clearInterval(trickle);
    });
    expect(await postEvent(addressOf(other), 'quick', { secret: SECRET, jobId: 'j' })).toBe(204);
    expect(await slow.answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('a sender that hangs up in the middle does no harm', async () => {
    const gone = openSender(address, ['content-length: 1000']);
    await new Promise<void>((resolve) =>
      gone.socket.write('{"type":', () => {
        resolve();
      }),
    );
    gone.socket.destroy();
    const { handle, jobId } = await waitingRun();
    expect(await postEvent(address, handle.workflowId, { secret: SECRET, jobId })).toBe(204);
    await handle.cancel();
  });

  it('a Temporal that does not take the event is answered for with 503, so that the provider comes again', async () => {
    const lines: string[] = [];
    const refusing = receiver({
      deliver: () => Promise.reject(new Error('14 UNAVAILABLE')),
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (...line: unknown[]) => void lines.push(JSON.stringify(line)),
      },
    });
    const other = await startHttpServer({ host: '127.0.0.1', port: 0 }, webhookRoutes(refusing));
    onTestFinished(() => other.close());
    expect(await postEvent(addressOf(other), 'x', { secret: SECRET, jobId: 'j' })).toBe(503);
    expect(lines.join()).toContain('send it again');
  });
});

function receiver(change: Partial<WebhookOptions>): WebhookOptions {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  return {
    secrets: [SECRET],
    deliver: () => Promise.resolve(true),
    adoptLostJob: () => Promise.resolve(null),
    logger: silent,
    ...change,
  };
}

/** A sender that speaks HTTP by hand; `answer` is what came back when the connection was closed. */
function openSender(to: string, headers: readonly string[]) {
  const [host, port] = to.split(':');
  const socket = connect(Number(port), host);
  let text = '';
  const answer = new Promise<string>((resolve) => {
    socket.setEncoding('latin1').on('data', (data: string) => (text += data));
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve(text);
      });
  });
  socket.write(`POST /webhooks/openrouter/x HTTP/1.1\r\nhost: x\r\n${headers.join('\r\n')}\r\n\r\n`);
  onTestFinished(() => void socket.destroy());
  return { socket, answer };
}
