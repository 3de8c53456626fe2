import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { checkWorkers } from '../../src/cli/checks/workers.js';
import { loadConfig } from '../../src/config.js';
import { startGrpcProxy } from '../support/grpc-proxy.js';
import { CliProcess, longtake, newFolder } from './cli-process.js';
import { startDev, type Dev } from './dev-server.js';

let dev: Dev;
let simulator: CliProcess;
let env: Record<string, string>;

beforeAll(async () => {
  dev = await startDev();
  simulator = new CliProcess(['simulate', '--port', '0'], { cwd: dev.folder });
  const [, baseUrl = ''] = await simulator.says(/OPENROUTER_BASE_URL=(\S+)/);
  env = { ...dev.env, OPENROUTER_BASE_URL: baseUrl, OPENROUTER_API_KEY: 'sk-or-v1-doctor-test' };
});

afterAll(async () => {
  await simulator.stop();
  await dev.stop();
});

it('finds that everything is there, without spending anything', async () => {
  const cwd = await newFolder();
  const { code, stdout, stderr } = await longtake(['doctor'], { cwd, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const subject of [
    'node',
    'temporal',
    'namespace',
    'search attributes',
    'workers',
    'download workers',
    'versioning',
    'runs',
    'provider',
    'key',
    'storage',
    'http address',
    'metrics address',
    'webhook',
    'encryption',
  ]) {
    expect(stdout).toMatch(new RegExp(`^ok {3}${subject}`, 'm'));
  }
  expect(stdout).not.toContain('sk-or-v1-doctor-test');
});

it('finds what is missing, one line each, and exits with 1', async () => {
  const cwd = await newFolder();
  const wrong = {
    TEMPORAL_ADDRESS: dev.address,
    TEMPORAL_NAMESPACE: 'nowhere',
    OPENROUTER_API_KEY: 'sk-or-v1-secret',
    OPENROUTER_BASE_URL: 'http://127.0.0.1:1',
    LONGTAKE_STORAGE: '/proc/nowhere',
    LONGTAKE_WEBHOOK_URL: 'https://example.com',
  };
  const { code, stdout } = await longtake(['doctor'], { cwd, env: wrong });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^FAIL namespace .*nowhere/m);
  expect(stdout).toMatch(/^FAIL provider .*OPENROUTER_BASE_URL/m);
  expect(stdout).toMatch(/^FAIL storage .*LONGTAKE_STORAGE/m);
  expect(stdout).toMatch(/^FAIL webhook .*OPENROUTER_WEBHOOK_SECRET/m);
  expect(stdout).not.toContain('sk-or-v1-secret');
});

it('names the keys that encrypt and decrypt by their ids, and shows none', async () => {
  const cwd = await newFolder();
  const key = Buffer.alloc(32, 1).toString('base64');
  const old = Buffer.alloc(32, 2).toString('base64');
  const both = { ...env, LONGTAKE_ENCRYPTION_KEY: key, LONGTAKE_ENCRYPTION_OLD_KEYS: old };
  const on = await longtake(['doctor'], { cwd, env: both });
  expect(on.stdout).toMatch(/^ok {3}encryption +with key 72cd6e84, and reads 75877bb4$/m);
  const off = await longtake(['doctor'], { cwd, env: { ...both, LONGTAKE_ENCRYPTION_KEY: '' } });
  expect(off.stdout).toMatch(/^note encryption +off for what is new, and reads 75877bb4\..*LONGTAKE_ENCRYPTION_KEY/m);
  for (const secret of [key, old]) expect(on.stdout + off.stdout).not.toContain(secret);
});

it('notes a variable that is misspelt', async () => {
  const { code, stdout } = await longtake(['doctor'], {
    cwd: await newFolder(),
    env: { ...env, LONGTAKE_STORGE: 'x' },
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^note configuration +LONGTAKE_STORGE is no variable of longtake.* mean LONGTAKE_STORAGE\?$/m);
});

it('list names the command that creates the namespace which is missing', async () => {
  const missing = { ...env, TEMPORAL_NAMESPACE: "no one's" };
  const { code, stderr } = await longtake(['list'], { cwd: await newFolder(), env: missing });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: There is no namespace no one's\..* namespace create --retention 720h -n 'no one'\\''s'$/m,
  );
});

it('tells credentials that Temporal refuses from a Temporal that is away, and so does any command', async () => {
  const proxy = await startGrpcProxy(dev.address);
  onTestFinished(() => proxy.close());
  void proxy.loseAnswersTo('GetSystemInfo', { grpcStatus: 16 });
  const options = { cwd: await newFolder(), env: { ...env, TEMPORAL_ADDRESS: proxy.address } };
  const { code, stdout } = await longtake(['doctor'], options);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^FAIL temporal +Temporal at \S+ refuses the credentials .*TEMPORAL_API_KEY/m);
  const list = await longtake(['list'], options);
  expect(list).toMatchObject({ code: 2, stdout: '' });
  expect(list.stderr).toMatch(/^error: Temporal at \S+ refuses the credentials .*\n$/);
});

it('notes that without search attributes nobody counts the runs that await a decision', async () => {
  const proxy = await startGrpcProxy(dev.address);
  onTestFinished(() => proxy.close());
  void proxy.loseAnswersTo('ListSearchAttributes', { grpcStatus: 7 });
  const { stdout } = await longtake(['doctor'], {
    cwd: await newFolder(),
    env: { ...env, TEMPORAL_ADDRESS: proxy.address },
  });
  expect(stdout).toMatch(/^note search attributes .*LongtakeAwaitingDecision cannot fire\.$/m);
});

it('finds that the HTTP address is taken, unless a worker answers there', async () => {
  const other = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const taken = { cwd: await newFolder(), env: { ...env, LONGTAKE_HTTP_ADDRESS: address } };
  const { code, stdout } = await longtake(['doctor'], taken);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^FAIL http address .* is taken by another program\. Set LONGTAKE_HTTP_ADDRESS/m);
  other.removeAllListeners('request').on('request', (_request, response) => response.end('ok\n'));
  expect((await longtake(['doctor'], taken)).stdout).toMatch(/^ok {3}http address +.*where a worker answers$/m);
});

it('finds that the address for metrics is taken, unless a worker shows them there', async () => {
  const other = createServer((_request, response) => response.end('no metrics\n'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const taken = { cwd: await newFolder(), env: { ...env, LONGTAKE_METRICS_ADDRESS: address } };
  const { code, stdout } = await longtake(['doctor'], taken);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^FAIL metrics address .* is taken by another program\. Set LONGTAKE_METRICS_ADDRESS/m);
  other.removeAllListeners('request').on('request', (_request, response) => response.end('longtake_submits_total 0\n'));
  expect((await longtake(['doctor'], taken)).stdout).toMatch(/^ok {3}metrics address +.*a worker shows its own$/m);
});

it('notes that nobody works on a task queue, which is no failure', async () => {
  const { code, stdout } = await longtake(['doctor'], {
    cwd: await newFolder(),
    env: { ...env, LONGTAKE_TASK_QUEUE: 'forgotten' },
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^note workers +nobody asks for work on forgotten: .*longtake worker$/m);
  expect(stdout).toMatch(/^note download workers +nobody asks for work on forgotten-downloads: .*longtake worker$/m);
});

it('says how long ago a worker was seen that has not asked for work since', async () => {
  const connection = await Connection.connect({ address: dev.address });
  onTestFinished(() => connection.close());
  const config = loadConfig(env);
  const now = await checkWorkers(connection, config);
  expect(now.slice(0, 2)).toMatchObject([
    { status: 'ok', text: '1 seen in the last 70 s on longtake' },
    { status: 'ok', text: '1 seen in the last 70 s on longtake-downloads' },
  ]);
  const later = await checkWorkers(connection, config, Date.now() + 4 * 60_000);
  const [runs, downloads] = later.map(({ status, text }) => `${status} ${text}`);
  expect(runs).toMatch(/^note 1 on longtake, last seen [45] min ago: it may have stopped\. .*longtake worker$/);
  expect(downloads).toMatch(/^note 1 on longtake-downloads, last seen [45] min ago: it may have stopped\./);
});

it.each([
  [401, /401: no\. Check OPENROUTER_API_KEY\.$/],
  [429, /429: no\. Too many requests: wait a minute, then look again\.$/],
  [503, /503: no\. The provider is in trouble: runs wait, and so can you\.$/],
  [404, /404: no\. Is OPENROUTER_BASE_URL right\?$/],
] as const)('says what to do about a provider that answers %i', async (status, hint) => {
  const provider = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void provider.close());
  const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/api/v1`;
  const refused = { ...env, OPENROUTER_BASE_URL: baseUrl };
  const { stdout } = await longtake(['doctor'], { cwd: await newFolder(), env: refused });
  const line = stdout.split('\n').find((one) => one.startsWith('FAIL provider'));
  expect(line).toMatch(hint);
});

it('finds a configuration that is wrong', async () => {
  const { code, stdout } = await longtake(['doctor'], { cwd: await newFolder(), env: { LONGTAKE_LOG_LEVEL: 'loud' } });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^FAIL configuration .*LONGTAKE_LOG_LEVEL/m);
});

it('notes open runs on another task queue where nobody works, with the worker to start', async () => {
  const misspelt = { cwd: await newFolder(), env: { ...env, LONGTAKE_TASK_QUEUE: 'typo' } };
  await longtake(['generate', 'x', '--id', 'on-typo', '--detach'], misspelt);
  const here = { cwd: await newFolder(), env };
  await expect
    .poll(async () => (await longtake(['doctor'], here)).stdout)
    .toMatch(
      /^note other queues +run on-typo waits on task queue typo, .*: LONGTAKE_TASK_QUEUE=typo longtake worker$/m,
    );
  const cancel = await longtake(['cancel', 'on-typo'], here);
  expect(cancel.stderr).toContain('(LONGTAKE_TASK_QUEUE=typo longtake worker)');
});
