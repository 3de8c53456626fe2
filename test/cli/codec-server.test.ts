import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec.js';
import { rawRun, readable } from '../encryption/raw-run.js';
import { startDevServer } from '../support/dev-server.js';
import { job } from '../support/provider.js';
import { startRig, until } from '../support/rig.js';
import { CliProcess, longtake, newFolder } from './cli-process.js';

const KEY = randomBytes(32).toString('base64');
const TOKEN = randomBytes(16).toString('hex');
const UI = 'https://temporal.example.com';
const ENV = { LONGTAKE_ENCRYPTION_KEY: KEY, LONGTAKE_CODEC_TOKEN: TOKEN };
const BEARER = { authorization: `Bearer ${TOKEN}` };

let server: CliProcess;
let url: string;

beforeAll(async () => {
  server = new CliProcess(['codec-server', '--port', '0', '--origin', UI], { cwd: '.', env: ENV });
  [, url = ''] = await server.says(/answers at (http:\S+)/);
});
afterAll(async () => {
  await server.stop();
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function post(verb: string, body: string, headers: Record<string, string> = BEARER): Promise<Answer> {
  const response = await fetch(`${url}/${verb}`, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

function wire(payload: Payload): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const metadata = Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([key, value]) => [key, base64(value)]),
  );
  return JSON.stringify({ payloads: [{ metadata, data: base64(payload.data ?? new Uint8Array()) }] });
}

const PLAIN: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"a hidden word"') };

async function encryptedWith(key: string): Promise<string> {
  const codec = createEncryptionCodec(loadConfig({ LONGTAKE_ENCRYPTION_KEY: key }).encryption);
  return wire((await codec.encode([PLAIN]))[0] ?? {});
}

describe('the codec server', () => {
  it('decodes what a run wrote, and encodes for a run', async () => {
    const decoded = await post('decode', await encryptedWith(KEY));
    expect(decoded).toMatchObject({ status: 200, text: wire(PLAIN) });
    const encoded = await post('encode', wire(PLAIN));
    expect(encoded.status).toBe(200);
    expect(encoded.text).not.toContain(Buffer.from('hidden').toString('base64').slice(0, 6));
    expect(await post('decode', encoded.text)).toMatchObject({ status: 200, text: wire(PLAIN) });
  });

  it('passes on what is not encrypted', async () => {
    expect(await post('decode', wire(PLAIN))).toMatchObject({ status: 200, text: wire(PLAIN) });
    const empty = '{"payloads":[{"metadata":{"encoding":"YmluYXJ5L251bGw="}}]}';
    expect((await post('decode', empty)).text).toBe(empty.replace('}]}', ',"data":""}]}'));
  });

  it.each([
    ['{}', '{"payloads":[]}'],
    ['{"payloads":null}', '{"payloads":[]}'],
    ['{"payloads":[{}]}', '{"payloads":[{"metadata":{},"data":""}]}'],
    ['{"payloads":[{"metadata":null,"data":null}]}', '{"payloads":[{"metadata":{},"data":""}]}'],
  ])('takes what is left out of %s, or null, for empty', async (body, text) => {
    expect(await post('decode', body)).toMatchObject({ status: 200, text });
    expect((await post('encode', body)).status).toBe(200);
  });

  it.each([
    ['no token', {}],
    ['a wrong one', { authorization: `Bearer ${TOKEN.slice(1)}x` }],
    ['a part of it', { authorization: `Bearer ${TOKEN.slice(1)}` }],
    ['the token with another scheme', { authorization: `Digest ${TOKEN}` }],
    ['the token without a scheme', { authorization: TOKEN }],
    ['a wrong password', { authorization: `Basic ${Buffer.from('x:y').toString('base64')}` }],
  ])('answers 401 to %s', async (_what, headers) => {
    const body = await encryptedWith(KEY);
    for (const verb of ['decode', 'encode']) {
      const answer = await post(verb, body, headers);
      expect(answer).toMatchObject({ status: 401, text: 'the token is missing or wrong\n' });
    }
  });

  it('says on standard error that callers show no good token, seldom, and never which', async () => {
    const own = new CliProcess(['codec-server', '--port', '0'], { cwd: '.', env: ENV });
    const [, address = ''] = await own.says(/answers at (http:\S+)/);
    const guess = 'guessed-token-0123456789';
    const attempts = 20;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const headers = { authorization: `Bearer ${guess}` };
      expect((await fetch(`${address}/decode`, { method: 'POST', body: '{}', headers })).status).toBe(401);
    }
    await own.says(/^! Refused a caller at 127\.0\.0\.1, whose token is missing or wrong\. .*LONGTAKE_CODEC_TOKEN/m);
    await own.stop();
    const { stdout, stderr } = await own.ended;
    expect(stderr.match(/^! Refused/gm)?.length).toBeLessThan(attempts);
    for (const secret of [guess, TOKEN]) expect(stdout + stderr).not.toContain(secret);
  });

  it('says on standard error what it could not decrypt and why, seldom, and nothing of what is in it', async () => {
    const own = new CliProcess(['codec-server', '--port', '0'], { cwd: '.', env: ENV });
    const [, address = ''] = await own.says(/answers at (http:\S+)/);
    const body = await encryptedWith(randomBytes(32).toString('base64'));
    const attempts = 20;
    for (let attempt = 0; attempt < attempts; attempt++) {
      expect((await fetch(`${address}/decode`, { method: 'POST', body, headers: BEARER })).status).toBe(400);
    }
    await own.says(/^! Could not serve 127\.0\.0\.1: A payload is encrypted with the key [0-9a-f]{8}, which/m);
    await own.stop();
    const { stdout, stderr } = await own.ended;
    expect(stderr.match(/^! Could not serve/gm)).toHaveLength(1);
    const { payloads } = JSON.parse(body) as { payloads: { data: string }[] };
    for (const { data } of payloads) expect(stdout + stderr).not.toContain(data);
  });

  it('takes the token as a password too, which is how a browser signs in', async () => {
    const basic = { authorization: `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}` };
    const asked = await fetch(url);
    expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Basic realm=/) as unknown,
    ]);
    expect((await fetch(url, { headers: basic })).status).toBe(200);
    expect((await post('decode', await encryptedWith(KEY), basic)).status).toBe(200);
  });

  it('lets pages of the UI read its answers, and no others', async () => {
    const preflight = (origin: string) => fetch(`${url}/decode`, { method: 'OPTIONS', headers: { origin } });
    const allowed = await preflight(UI);
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'authorization, authorization-extras, content-type, x-namespace',
      vary: 'origin',
    });
    const body = await encryptedWith(KEY);
    const read = await post('decode', body, { ...BEARER, origin: UI });
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, UI]);
    for (const origin of [
      'https://elsewhere.example',
      'null',
      `${UI}.elsewhere.example`,
      'http://temporal.example.com',
    ]) {
      for (const refused of [await preflight(origin), await post('decode', body, { ...BEARER, origin })]) {
        expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      }
    }
  });

  it('says what is wrong with a payload, and nothing of what is in it', async () => {
    const other = await post('decode', await encryptedWith(randomBytes(32).toString('base64')));
    expect(other).toMatchObject({
      status: 400,
      text: expect.stringMatching(/encrypted with the key [0-9a-f]{8}, which/) as unknown,
    });
    const broken = JSON.parse(await encryptedWith(KEY)) as { payloads: { data: string }[] };
    for (const payload of broken.payloads) payload.data = payload.data.replace(/^.{4}/, 'AAAA');
    expect(await post('decode', JSON.stringify(broken))).toMatchObject({
      status: 400,
      text: expect.stringMatching(/was changed or cut off/) as unknown,
    });
  });

  it.each([
    ['no JSON', 'hello'],
    ['no message', 'null'],
    ['another shape', '{"payloads":{}}'],
    ['no base64', '{"payloads":[{"data":"%"}]}'],
    ['metadata that is none', '{"payloads":[{"metadata":{"encoding":1}}]}'],
  ])('answers 400 to %s', async (_what, body) => {
    expect((await post('decode', body)).status).toBe(400);
  });

  it('takes no more than 8 MiB', async () => {
    expect((await post('decode', 'x'.repeat(8 * 1024 * 1024 + 1))).status).toBe(413);
  });

  it('has no other address and no other method', async () => {
    expect((await post('decrypt', '{}')).status).toBe(404);
    expect((await fetch(`${url}/decode`, { headers: BEARER })).status).toBe(405);
  });
});

describe('longtake codec-server', () => {
  it.each([
    ['no key', { ...ENV, LONGTAKE_ENCRYPTION_KEY: '' }, [], /LONGTAKE_ENCRYPTION_KEY is not set.* Set it to the key/],
    ['no token', { ...ENV, LONGTAKE_CODEC_TOKEN: '' }, [], /LONGTAKE_CODEC_TOKEN is not set/],
    ['a short token', { ...ENV, LONGTAKE_CODEC_TOKEN: 'guessable' }, [], /LONGTAKE_CODEC_TOKEN must be .*16/],
    ['an origin with a path', ENV, ['--origin', 'https://example.com/'], /--origin must be an origin/],
    ['no origin at all', ENV, ['--origin', '*'], /--origin must be an origin/],
  ])('stops with 2 for %s', async (_what, env, flags, message) => {
    const { code, stderr } = await longtake(['codec-server', '--port', '0', ...flags], { cwd: '.', env });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('guessable');
  });

  it('stops with 2 when its port is taken', async () => {
    const { port } = new URL(url);
    const { code, stderr } = await longtake(['codec-server', '--port', port], { cwd: '.', env: ENV });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: 127.0.0.1:${port} is taken by another program. Give another --host or --port.\n`,
    });
  });
});

/** All payloads of a history in JSON. */
function dataIn(history: string): string {
  return [...history.matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) => Buffer.from(data, 'base64')).join('\n');
}

describe('the CLI of Temporal', () => {
  it('reads an encrypted run, queries and signals it, with input and without, through the codec server', async () => {
    const temporal = await startDevServer(inject('temporalCli'));
    const rig = await startRig({
      address: temporal.address,
      environment: { LONGTAKE_ENCRYPTION_KEY: KEY },
      script: { poll: ({ jobId }) => job(jobId, 'in_progress') },
    });
    const cwd = await newFolder();
    const run = async (words: readonly string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(inject('temporalCli'), ['workflow', ...words], { cwd });
      return stdout;
    };
    try {
      const handle = await rig.start({ request: { model: 'test/model', prompt: 'a hidden orchid', duration: 4 } });
      await until(handle, ({ state }) => state === 'generating');
      const where = ['-w', handle.workflowId, '--address', temporal.address];
      const codec = ['--codec-endpoint', url, '--codec-auth', BEARER.authorization];
      expect(dataIn(await run(['show', ...where, '--output', 'json']))).not.toContain('hidden');
      expect(dataIn(await run(['show', ...where, '--output', 'json', ...codec]))).toContain('a hidden orchid');
      expect(await run(['query', ...where, '--type', 'status', ...codec])).toContain('generating');
      await run(['signal', ...where, '--name', 'not-longtakes', ...codec]);
      await run(['signal', ...where, '--name', 'cancel', '--input', '{"reason":"a hidden wish"}', ...codec]);
      await expect(handle.result()).rejects.toMatchObject({
        message: expect.stringContaining('a hidden wish') as unknown,
      });
      const { history } = await rawRun(rig.temporal, handle.workflowId);
      expect(readable(history, ['hidden'])).toEqual([]);
    } finally {
      await rig.stop();
      await temporal.stop();
    }
  });
});
