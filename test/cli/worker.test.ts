import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { CliProcess, longtake } from './cli-process.js';
import { startDev, type Dev } from './dev-server.js';

let dev: Dev;
let simulator: CliProcess;
let env: Record<string, string>;

beforeAll(async () => {
  dev = await startDev();
  simulator = new CliProcess(['simulate', '--port', '0', '--generation', '300ms'], { cwd: dev.folder });
  const [, baseUrl = ''] = await simulator.says(
    /OPENROUTER_BASE_URL=(\S+) OPENROUTER_API_KEY=anything longtake worker$/m,
  );
  env = {
    ...dev.env,
    OPENROUTER_BASE_URL: baseUrl,
    OPENROUTER_API_KEY: 'sk-or-v1-worker-test',
    LONGTAKE_TASK_QUEUE: 'worker-test',
    LONGTAKE_HTTP_ADDRESS: '127.0.0.1:0',
  };
});

afterAll(async () => {
  await simulator.stop();
  await dev.stop();
});

async function startWorker(
  change: Record<string, string> = {},
): Promise<{ worker: CliProcess; started: Record<string, unknown> }> {
  const worker = new CliProcess(['worker'], { cwd: dev.folder, env: { ...env, ...change } });
  onTestFinished(() => worker.stop());
  const [line] = await worker.says(/^.*"worker started".*$/m);
  return { worker, started: JSON.parse(line) as Record<string, unknown> };
}

it('does the work of runs, says at its start what it serves, and ends with 0 on SIGTERM', async () => {
  const { worker, started } = await startWorker({ LONGTAKE_STORGE: '/elsewhere' });
  await worker.says(/"level":"warn".*LONGTAKE_STORGE is no variable of longtake.*LONGTAKE_STORAGE/);
  expect(started).toMatchObject({
    taskQueue: 'worker-test',
    namespace: 'default',
    temporal: dev.address,
    storage: './videos',
  });
  const ready = `http://${String(started['http'])}/readyz`;
  expect((await fetch(ready)).status).toBe(200);

  const args = ['generate', 'x', '--id', 'worked', '--duration', '4', '--poll-interval', '200ms'];
  expect((await longtake(args, { cwd: dev.folder, env })).code).toBe(0);

  worker.signal('SIGTERM');
  const { code, stdout, stderr } = await worker.ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toContain('"stopped"');
  expect(stderr).not.toContain('sk-or-v1-worker-test');
});

it('stops with 2, having taken no work, when the address it was given is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    other.close();
  });
  const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const change = { LONGTAKE_HTTP_ADDRESS: taken, LONGTAKE_TASK_QUEUE: 'address-taken' };
  const given = await longtake(['worker'], { cwd: dev.folder, env: { ...env, ...change } });
  expect(given.code).toBe(2);
  expect(given.stderr).toMatch(new RegExp(`^error: LONGTAKE_HTTP_ADDRESS cannot be used: ${taken} is taken`, 'm'));
  const { stdout } = await longtake(['doctor'], { cwd: dev.folder, env: { ...env, ...change } });
  expect(stdout).toMatch(/^note workers +nobody asks for work on address-taken/m);
});

it('goes on without health checks, and says so, when the default address is taken', async () => {
  const other = createServer();
  // Where somebody else has it, it is taken as well.
  await new Promise<void>((resolve) => {
    other.once('error', () => {
      resolve();
    });
    other.listen(8088, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    other.close();
  });
  const { worker, started } = await startWorker({ LONGTAKE_HTTP_ADDRESS: '' });
  expect(started['http']).toBe('off');
  await worker.says(/no health check on this worker: 127\.0\.0\.1:8088 is taken/);
});

it('waits for a Temporal that is not there yet, and can be stopped meanwhile', async () => {
  const worker = new CliProcess(['worker'], { cwd: dev.folder, env: { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' } });
  await worker.says(/waiting for Temporal: Cannot reach Temporal at 127\.0\.0\.1:1/);
  worker.signal('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

it('says on what it waits when the namespace is missing', async () => {
  const worker = new CliProcess(['worker'], { cwd: dev.folder, env: { ...env, TEMPORAL_NAMESPACE: 'nowhere' } });
  await worker.says(/waiting for Temporal: There is no namespace nowhere/);
  worker.signal('SIGINT');
  expect((await worker.ended).code).toBe(0);
});

it('finishes what is under way when its terminal is closed', async () => {
  const { worker } = await startWorker({ LONGTAKE_TASK_QUEUE: 'hung-up' });
  worker.signal('SIGHUP');
  const { code, stderr } = await worker.ended;
  expect(code).toBe(0);
  expect(stderr).toContain('"stopped"');
});

it.runIf(existsSync('/dev/full'))('goes on with the work where its log cannot be written', async () => {
  const change = { LONGTAKE_TASK_QUEUE: 'full-log', LONGTAKE_LOG_LEVEL: 'debug' };
  const worker = new CliProcess(['worker'], {
    cwd: dev.folder,
    env: { ...env, ...change },
    to: { stderr: '/dev/full' },
  });
  onTestFinished(() => worker.stop());
  const args = ['generate', 'x', '--id', 'unlogged', '--duration', '4', '--poll-interval', '200ms'];
  expect((await longtake(args, { cwd: dev.folder, env: { ...env, ...change } })).code).toBe(0);
  worker.signal('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});
