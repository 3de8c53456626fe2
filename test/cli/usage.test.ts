import { readdir, writeFile } from 'node:fs/promises';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConnection } from '../../src/cli/connect.js';
import { loadConfig } from '../../src/config.js';
import { longtake, newFolder } from './cli-process.js';

/** Whoever connects is about to start something. */
let temporal: Server;
let connections = 0;
let env: Record<string, string>;

beforeAll(async () => {
  temporal = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    temporal.listen(0, '127.0.0.1', resolve);
  });
  env = { TEMPORAL_ADDRESS: `127.0.0.1:${(temporal.address() as AddressInfo).port}` };
});

afterAll(() => {
  temporal.close();
});

it('says on --help what there is, on standard output', async () => {
  const { code, stdout, stderr } = await longtake(['--help'], { cwd: await newFolder() });
  expect(code).toBe(0);
  expect(stderr).toBe('');
  for (const command of [
    'generate',
    'adopt',
    'status',
    'wait',
    'list',
    'cancel',
    'resolve',
    'models',
    'worker',
    'dev',
    'simulate',
    'doctor',
  ]) {
    expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
  }
  expect(stdout).not.toMatch(/batch|--example|simulated-generation/);
});

it('shows the options of a command, but none that are only for longtake itself', async () => {
  const { code, stdout } = await longtake(['generate', '--help'], { cwd: await newFolder() });
  expect(code).toBe(0);
  expect(stdout).toContain('--max-cost');
  expect(stdout).not.toMatch(/--example|--simulated-generation/);
});

it('shows with help what --help shows', async () => {
  const cwd = await newFolder();
  for (const command of [[], ['generate']]) {
    const [byCommand, byFlag] = [
      await longtake(['help', ...command], { cwd }),
      await longtake([...command, '--help'], { cwd }),
    ];
    expect(byCommand).toEqual({ code: 0, stdout: byFlag.stdout, stderr: '' });
  }
});

it('prints the version of the package', async () => {
  const { stdout } = await longtake(['--version'], { cwd: await newFolder() });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe('wrong usage exits with 2, says what to do, and starts nothing', () => {
  it.each<[string, string[], RegExp]>([
    ['no command', [], /Usage: longtake/],
    ['a command that does not exist', ['generat'], /Did you mean generate\?\)\nSee: longtake --help\n$/],
    ['an option that no command has', ['--quiet'], /unknown option '--quiet'\nSee: longtake --help\n$/],
    [
      'the help of a command that does not exist',
      ['help', 'generat'],
      /^error: unknown command 'generat'\n\(Did you mean generate\?\)\nSee: longtake --help\n$/,
    ],
    ['an option that does not exist', ['generate', 'x', '--fps', '3'], /unknown option '--fps'/],
    ['neither prompt nor request', ['generate'], /longtake generate "/],
    ['two prompts', ['generate', 'a', 'lighthouse'], /too many arguments.* Put the prompt in quotes\.$/m],
    ['a duration that is no whole number', ['generate', 'x', '--duration', '4.5'], /whole number/],
    ['a size that is none', ['generate', 'x', '--size', 'big'], /1280x720/],
    ['an output that leads out of the storage', ['generate', 'x', '--output', '../x.mp4'], /output/],
    ['an id that no file can be named after', ['generate', 'x', '--id', 'a'.repeat(300)], /--id/],
    ['a budget below zero', ['generate', 'x', '--max-cost', '-1'], /US dollars/],
    ['an empty prompt', ['generate', '  '], /prompt is empty/],
    ['a time without its unit', ['generate', 'x', '--timeout', '5'], /--timeout.*its unit/],
    ['a time that is none', ['generate', 'x', '--timeout', 'soon'], /--timeout.*30m/],
    ['a pause that is none', ['generate', 'x', '--poll-interval', '0s'], /--poll-interval/],
    [
      'a pause that is far too short',
      ['generate', 'x', '--poll-interval', '1ms'],
      /^error: --poll-interval must be at least 100ms, not "1ms"\. OpenRouter asks for 10s to 30s\.$/m,
    ],
    ['a size beside a resolution', ['generate', 'x', '--size', '1280x720', '--resolution', '720p'], /not both\.$/m],
    ['a size beside a ratio', ['generate', 'x', '--size', '1280x720', '--aspect-ratio', '16:9'], /not both\.$/m],
    ['a cancel mode that does not exist', ['generate', 'x', '--on-cancel', 'maybe'], /abandon, settle/],
    ['--detach with --local', ['generate', 'x', '--local', '--detach'], /longtake dev/],
    [
      'a request file that is not there',
      ['generate', '--request', 'nope.json'],
      /nope\.json cannot be read: there is no such file\.$/m,
    ],
    [
      'a request file that is a directory',
      ['generate', '--request', '.'],
      /^error: \. cannot be read: it is a directory\.$/m,
    ],
    ['an id that is empty', ['generate', 'x', '--id', ''], /--id must not be empty/],
    [
      'a tenant that is empty',
      ['generate', 'x', '--tenant', ''],
      /^error: --tenant is empty\. .*leave --tenant out\.$/m,
    ],
    [
      'a tenant that is too long',
      ['generate', 'x', '--tenant', 'x'.repeat(201)],
      /^error: The input is wrong: --tenant must have at most 200 characters\.$/m,
    ],
    [
      'two values that are empty',
      ['generate', 'x', '--resolution', '', '--aspect-ratio', ''],
      /^error: The input is wrong: --resolution must not be empty; --aspect-ratio must not be empty\.$/m,
    ],
    ['a time that never ends', ['generate', 'x', '--timeout', '4000 days'], /--timeout must be .* at most ten years/],
    [
      'a reason that is too long',
      ['cancel', 'x', '--reason', 'x'.repeat(1_001)],
      /--reason must have at most 1000 char/,
    ],
    ['a model that is empty', ['models', ' '], /^error: The model is empty\. .*: longtake models$/m],
    ['no id of a run', ['status', ' '], /'id'\. It must not be empty/],
    ['an id that no run can have', ['wait', 'a'.repeat(1_001)], /at most 1000 bytes/],
    ['an adopt without a job', ['adopt'], /missing required argument 'job-id'/],
    ['a job id that cannot be one', ['adopt', '..'], /job id/],
    ['a state that does not exist', ['list', '--state', 'happy'], /awaiting_decision/],
    ['a decision that is none', ['resolve', 'x'], /exactly one/],
    ['two decisions at once', ['resolve', 'x', '--resubmit', '--abandon'], /exactly one/],
    ['a number that is too large', ['generate', 'x', '--duration', '9'.repeat(20)], /It is too large a number\./],
    [
      'a size that is too large',
      ['generate', 'x', '--size', '999999x1'],
      /--size must have at most five digits a side/,
    ],
    ['a model to generate with that is empty', ['generate', 'x', '--model', ''], /--model must not be empty/],
    ['a model to list that is empty', ['list', '--model', ''], /^error: --model is empty/m],
    ['a journal that is empty', ['simulate', '--journal', ''], /^error: --journal is empty/m],
    ['a webhook secret that is empty', ['simulate', '--webhook-secret', ''], /^error: --webhook-secret is empty/m],
    [
      'an id without a prompt',
      ['generate', '--id', 'mine'],
      /^To follow run mine, if there is one: longtake wait mine$/m,
    ],
    ['a port that is none', ['simulate', '--port', '70000'], /0 to 65535/],
  ])('%s', async (_what, args, message) => {
    const cwd = await newFolder();
    const before = connections;
    const { code, stdout, stderr } = await longtake(args, { cwd, env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(connections).toBe(before);
    expect(await readdir(cwd)).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /standard input is empty/],
    ['no JSON', 'model: x', /standard input is no JSON/],
    ['JSON that is no object', '[1]', /one JSON object/],
    ['a body with another one around it', '{"request":{"prompt":"x"}}', /itself/],
    ['a field of the wrong type', '{"model":"m","prompt":"x","seed":"seven"}', /request\.seed: must be a number\.$/m],
    ['no model, or a misspelt one', '{"modle":"m","prompt":"x"}', /names no "model"/],
  ])('a request on standard input: %s', async (_what, input, message) => {
    const { code, stderr } = await longtake(['generate', '--request', '-'], { cwd: await newFolder(), env, input });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('a size over a resolution in a request file', async () => {
    const input = JSON.stringify({ model: 'm', prompt: 'x', resolution: '720p' });
    const args = ['generate', '--request', '-', '--size', '1280x720'];
    const { code, stderr } = await longtake(args, { cwd: await newFolder(), env, input });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/A size stands instead/) as unknown,
    });
  });

  it.each([
    ['OPENROUTER_BASE_URL', 'ftp://x', ''],
    ['LONGTAKE_LOG_LEVEL', 'foo', ' must be "debug" or "info" or "warn" or "error".\n'],
    ['LONGTAKE_TASK_QUEUE', 'x'.repeat(201), ' must have at most 200 characters.\n'],
    ['LONGTAKE_WORKER_VERSIONING', 'true', ' must be on or off.\n'],
    ['LONGTAKE_WORKER_VERSIONING', 'ON', ' must be on or off.\n'],
    ['LONGTAKE_S3_FORCE_PATH_STYLE', 'yes', ' must be true or false.\n'],
    ['OPENROUTER_WEBHOOK_SECRET', ',', ' has nothing before, after or between its commas.\n'],
    ['OPENROUTER_WEBHOOK_SECRET', 'whsec-1,', ' has nothing before, after or between its commas.\n'],
    ['LONGTAKE_METRICS_ADDRESS', 'here', ' must look like "127.0.0.1:8088", or be "off".\n'],
  ])('a wrong environment, by the name of the variable: %s', async (name, value, words) => {
    const options = { cwd: await newFolder(), env: { ...env, [name]: value } };
    const { code, stderr } = await longtake(['generate', 'x'], options);
    expect(code).toBe(2);
    expect(stderr).toContain(`${name}${words}`);
  });

  it.each(['worker', 'generate'])('a storage that longtake does not know: %s', async (command) => {
    const args = command === 'generate' ? ['generate', '--local', 'x'] : ['worker'];
    const strange = { LONGTAKE_STORAGE: 'ftp://x', OPENROUTER_API_KEY: 'sk-or-test' };
    const { code, stderr } = await longtake(args, { cwd: await newFolder(), env: strange });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: The storage location \(LONGTAKE_STORAGE\) cannot be used/m);
  });

  it('a worker without a key', async () => {
    const { code, stderr } = await longtake(['worker'], { cwd: await newFolder(), env });
    expect(code).toBe(2);
    expect(stderr).toContain('OPENROUTER_API_KEY is not set');
  });
});

it('shows a stack only with --debug', async () => {
  const cwd = await newFolder();
  await writeFile(join(cwd, 'body.json'), '{');
  const args = ['generate', '--request', 'body.json'];
  expect((await longtake(args, { cwd, env })).stderr).not.toMatch(/^\s+at /m);
  expect((await longtake([...args, '--debug'], { cwd, env })).stderr).toMatch(/^\s+at /m);
});

it('exits with 4 where something answers that is not Temporal', async () => {
  const other = createHttp2Server((_request, response) => {
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const end = await longtake(['list'], { cwd: await newFolder(), env: { TEMPORAL_ADDRESS: `127.0.0.1:${port}` } });
  other.close();
  expect(end).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('Cannot reach Temporal') as string,
  });
});

it.each([{ TEMPORAL_TLS: 'true' }, { TEMPORAL_API_KEY: 'secret' }])(
  'says that it asks over TLS, and nothing of Node’s own, where nothing answers that: %j',
  async (change) => {
    const plain = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    const env = { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, ...change };
    const end = await longtake(['list'], { cwd: await newFolder(), env });
    plain.close();
    expect(end).toMatchObject({ code: 4, stdout: '' });
    expect(end.stderr).toContain('It is asked over TLS (TEMPORAL_TLS, or TEMPORAL_API_KEY)');
    expect(end.stderr).not.toMatch(/Warning|secret/);
  },
);

it('asks no proxy for a Temporal on this machine', async () => {
  let asked = 0;
  const proxy = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const http_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const end = await longtake(['list'], {
    cwd: await newFolder(),
    env: { TEMPORAL_ADDRESS: '127.0.0.1:1', http_proxy },
  });
  proxy.close();
  expect(end.code).toBe(4);
  expect(asked).toBe(0);
});

it('refuses an address of Temporal’s that is a URL, naming the variable', async () => {
  const env = { TEMPORAL_ADDRESS: 'http://127.0.0.1:7233' };
  const end = await longtake(['list'], { cwd: await newFolder(), env });
  expect(end).toMatchObject({ code: 2, stdout: '' });
  expect(end.stderr).toContain('TEMPORAL_ADDRESS must be host:port, such as localhost:7233');
});

it.each<[string, Record<string, string>, RegExp]>([
  ['an address without a possible port', { TEMPORAL_ADDRESS: 'localhost:99999' }, /TEMPORAL_ADDRESS must be host:port/],
  ['an address with a word for a port', { TEMPORAL_ADDRESS: '[::1]:grpc' }, /TEMPORAL_ADDRESS must be host:port/],
  ['a switch that is none', { TEMPORAL_TLS: 'maybe' }, /TEMPORAL_TLS must be true or false/],
  [
    'a configuration file that is not there',
    { TEMPORAL_CONFIG_FILE: '/nonexistent' },
    /TEMPORAL_CONFIG_FILE names a file that is not there/,
  ],
  ['a configuration file that is a directory', { TEMPORAL_CONFIG_FILE: '/' }, /TEMPORAL_CONFIG_FILE names a directory/],
  ['a profile that is not there', { TEMPORAL_PROFILE: 'nosuch' }, /TEMPORAL_PROFILE: 'nosuch' not found/],
  [
    'a profile of a file that has none',
    { TEMPORAL_PROFILE: 'nosuch', TEMPORAL_CONFIG_FILE: '/dev/null' },
    /TEMPORAL_PROFILE: 'nosuch' not found/,
  ],
  [
    'a certificate that is not there',
    { TEMPORAL_TLS_CLIENT_CERT_PATH: '/nonexistent', TEMPORAL_TLS_CLIENT_KEY_PATH: '/nonexistent' },
    /TEMPORAL_TLS_CLIENT_CERT_PATH names a file that is not there/,
  ],
  [
    'a certificate that is none',
    { TEMPORAL_TLS_CLIENT_CERT_DATA: 'x', TEMPORAL_TLS_CLIENT_KEY_DATA: 'x' },
    /TEMPORAL_TLS_CLIENT_CERT_PATH or TEMPORAL_TLS_CLIENT_CERT_DATA gives no certificate/,
  ],
])('stops with 2 and names the variable: %s', async (_what, env, message) => {
  const { code, stderr } = await longtake(['list'], { cwd: await newFolder(), env });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

it('a worker stops with 2 where its directory cannot be made, before it waits for Temporal', async () => {
  const cwd = await newFolder();
  await writeFile(join(cwd, 'taken'), 'a file');
  const env = { OPENROUTER_API_KEY: 'sk-or-test', LONGTAKE_STORAGE: 'taken/videos', TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const { code, stderr } = await longtake(['worker'], { cwd, env });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*taken.* Is LONGTAKE_STORAGE right\?$/m);
  expect(stderr).not.toContain('waiting for Temporal');
});

it('exits with 4, and says where it looked, when Temporal does not answer', async () => {
  const cwd = await newFolder();
  const commands = [['list'], ['generate', 'x'], ['wait', 'x'], ['generate', 'x', '--local']];
  const nobody = { cwd, env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } };
  for (const end of await Promise.all(commands.map((args) => longtake(args, nobody)))) {
    expect(end).toMatchObject({ code: 4, stdout: '' });
    expect(end.stderr).toMatch(/^error: Cannot reach Temporal at 127\.0\.0\.1:1\..*TEMPORAL_ADDRESS.* unset it\./m);
  }
});

it('warns of a pause that leaves time for one look only', async () => {
  const options = { cwd: await newFolder(), env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } };
  const warning =
    /^! The run looks once, after 30m, when it gives up: --poll-interval 1h is not shorter than --timeout\.$/m;
  const args = ['generate', 'x', '--poll-interval', '1h'];
  expect((await longtake(args, options)).stderr).toMatch(warning);
  expect((await longtake([...args, '--timeout', '2h'], options)).stderr).not.toContain('looks once');
});

it('tells of a port that refuses before the time is over that a slow server has', async () => {
  const opening = openConnection(loadConfig({ TEMPORAL_ADDRESS: '127.0.0.1:1' }).temporal, 600_000);
  await expect(opening).rejects.toThrow('Cannot reach Temporal at 127.0.0.1:1.');
});
