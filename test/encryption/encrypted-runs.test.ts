import { randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import type { Finding } from '../../src/cli/checks/finding.js';
import { checkRuns } from '../../src/cli/checks/runs.js';
import { LongtakeClient, type LongtakeHandle } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { clientDataConverter } from '../../src/encryption/data-converter.js';
import { plain } from '../../src/contract/markdown.js';
import { longtake, newFolder } from '../cli/cli-process.js';
import { startDevServer, type DevServer } from '../support/dev-server.js';
import { accepted, completed, job, refusal, video } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startWorkerProcess } from '../support/worker-process.js';
import { rawQuery, rawRun, readable } from './raw-run.js';

const OLD_KEY = randomBytes(32).toString('base64');
const NEW_KEY = randomBytes(32).toString('base64');
const idOf = (key: string) => loadConfig({ LONGTAKE_ENCRYPTION_KEY: key }).encryption.current?.id ?? '';

const PROMPT = 'an orchid that nobody may know of';
const KEY = 'orchids/hidden.mp4';
const REASON = 'the orchid was too shy';
/** Of all that must not be readable, some words of each. */
const WORDS = ['orchid', 'hidden.mp4', 'too shy', 'nobody may know'];
const INPUT = { request: { model: 'test/model', prompt: PROMPT, duration: 4 }, output: KEY, overwrite: true };

/** Its own: whoever lists the runs of a server must be able to read them all. */
let server: DevServer;
let rig: Rig;

function startRigWith(key: string, worker = true): Promise<Rig> {
  return startRig({ address: server.address, environment: { LONGTAKE_ENCRYPTION_KEY: key }, worker });
}

beforeAll(async () => {
  server = await startDevServer(inject('temporalCli'));
  rig = await startRigWith(OLD_KEY);
});
beforeEach(() => {
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
  await server.stop();
});

async function expectUnreadable({ workflowId }: LongtakeHandle): Promise<void> {
  const { history, description, listed } = await rawRun(rig.temporal, workflowId);
  for (const bytes of [history, description, listed]) {
    expect(readable(bytes, WORDS)).toEqual([]);
    expect(bytes.includes(idOf(OLD_KEY))).toBe(true);
  }
}

function clientWith(environment: Record<string, string>): LongtakeClient {
  const dataConverter = clientDataConverter(loadConfig(environment).encryption);
  const client = new Client({ connection: rig.temporal.connection, dataConverter });
  return new LongtakeClient({ client, taskQueue: rig.taskQueue });
}

describe('with a key, what the server has of a run', () => {
  it('shows neither prompt nor output when the run succeeds, and the run is read as ever', async () => {
    const handle = await rig.start(INPUT);
    const result = await handle.result();
    expect(result.assets[0]?.key).toBe(KEY);
    expect(JSON.parse(rig.provider.submits.at(-1) ?? '')).toMatchObject({ prompt: PROMPT });
    expect(await handle.status()).toMatchObject({ state: 'succeeded', assets: result.assets });
    expect((await rig.client.list()).find(({ id }) => id === handle.workflowId)).toMatchObject({ state: 'succeeded' });
    await expectUnreadable(handle);
  });

  it('shows no message of a run that failed', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'failed', { error: REASON }) };
    const handle = await rig.start(INPUT);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'VideoFailed',
      message: expect.stringContaining(REASON) as unknown,
    });
    expect(await handle.status()).toMatchObject({ state: 'failed', error: { type: 'VideoFailed' } });
    await expectUnreadable(handle);
  });

  it('shows no message of an activity that failed for good', async () => {
    rig.provider.script = { submit: () => refusal(400, REASON) };
    const handle = await rig.start(INPUT);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'SubmissionRejected',
      message: expect.stringContaining(REASON) as unknown,
    });
    await expectUnreadable(handle);
  });

  it('shows nothing of what is pending, nor of the details and the status that a worker tells', async () => {
    let looked = false;
    rig.provider.script = {
      content: () => (looked ? video() : refusal(503, REASON, { 'retry-after': '1' })),
    };
    const handle = await rig.start(INPUT);
    await until(handle, ({ error }) => error?.message.includes(REASON) === true);
    await expectUnreadable(handle);
    for (const query of ['status', '__temporal_workflow_metadata']) {
      expect(readable(await rawQuery(rig.temporal, handle.workflowId, query), WORDS)).toEqual([]);
    }
    looked = true;
    await handle.result();
  });

  it('shows no mark of a submit under way', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    rig.provider.script = { submit: () => answered.then(() => accepted('slow')) };
    const handle = await rig.start(INPUT);
    const execution = { workflowId: handle.workflowId };
    const mark = async (): Promise<string> => {
      const { workflowService } = rig.temporal;
      const run = await workflowService.describeWorkflowExecution({ namespace: 'default', execution });
      const payload = run.pendingActivities[0]?.heartbeatDetails?.payloads?.[0];
      return Buffer.from(payload?.metadata?.['encoding'] ?? []).toString();
    };
    await expect.poll(mark, { timeout: 60_000 }).not.toBe('');
    expect(await mark()).toBe('binary/encrypted');
    answer();
    expect((await handle.result()).jobId).toBe('slow');
  });

  it('shows no reason of a cancel, and no summary', async () => {
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rig.start(INPUT);
    await until(handle, ({ state }) => state === 'generating');
    await handle.cancel(REASON);
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Cancelled',
      message: expect.stringContaining(REASON) as unknown,
    });
    await expectUnreadable(handle);
    const { staticSummary, staticDetails } = await rig.temporal.workflow
      .getHandle(handle.workflowId)
      .describe()
      .then(async (run) => ({ staticSummary: await run.staticSummary(), staticDetails: await run.staticDetails() }));
    expect({ staticSummary, staticDetails }).toEqual({
      staticSummary: `test/model: ${plain(PROMPT)}`,
      staticDetails: `One video by longtake, to be saved as \`${KEY}\`.`,
    });
  });

  it('shows no job of a decision, and its refusals are read as ever', async () => {
    rig.provider.script = { submit: () => refusal(500, REASON), poll: ({ jobId }) => completed(jobId) };
    const handle = await rig.start(INPUT);
    await until(handle, ({ state }) => state === 'awaiting_decision');
    await handle.resolveSubmission({ action: 'adopt', jobId: 'found' });
    await expect(handle.resolveSubmission({ action: 'abandon' })).rejects.toMatchObject({
      message: expect.stringMatching(/Nothing waits|closed/) as unknown,
    });
    expect((await handle.result()).jobId).toBe('found');
    await expectUnreadable(handle);
  });
});

describe('the key of the environment', () => {
  it('is used by a client that connects by it', async () => {
    vi.stubEnv('TEMPORAL_ADDRESS', server.address);
    vi.stubEnv('LONGTAKE_ENCRYPTION_KEY', OLD_KEY);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const client = await LongtakeClient.connect({ taskQueue: rig.taskQueue });
    onTestFinished(() => client.close());
    const handle = await client.start(INPUT, { id: 'connected' });
    expect(await handle.result()).toMatchObject({ model: 'test/model' });
    await expectUnreadable(handle);
  });

  it('is used by the worker as it is deployed, failures included', async () => {
    const deployed = await startRigWith(OLD_KEY, false);
    deployed.provider.script = { submit: () => refusal(400, REASON) };
    const worker = await startWorkerProcess(deployed.environment);
    await worker.says(new RegExp(`"encryption":"${idOf(OLD_KEY)}".*"worker started"`));
    const handle = await deployed.start(INPUT);
    await expect(handle.result()).rejects.toMatchObject({ type: 'SubmissionRejected' });
    await expectUnreadable(handle);
    await worker.terminate();
    expect(worker.lines()).not.toContain(OLD_KEY);
    await deployed.stop();
  });

  it('is used by the server that --local brings along', async () => {
    const cwd = await newFolder();
    const args = ['generate', PROMPT, '--local', '--simulated-generation', '300ms', '--json'];
    const { code, stdout } = await longtake(args, { cwd, env: { LONGTAKE_ENCRYPTION_KEY: OLD_KEY } });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('succeeded') as unknown });
    const files = await readdir(join(cwd, '.longtake'), { recursive: true });
    const database = files.filter((name) => /\.db(-wal)?$/.test(name));
    const bytes = Buffer.concat(await Promise.all(database.map((name) => readFile(join(cwd, '.longtake', name)))));
    expect(bytes.includes(idOf(OLD_KEY))).toBe(true);
    expect(readable(bytes, WORDS)).toEqual([]);
  });
});

describe('without the key', () => {
  it('a client says which key is missing, and nothing else', async () => {
    const handle = await rig.start(INPUT);
    await handle.result();
    const stranger = clientWith({});
    const message = `A payload is encrypted with the key ${idOf(OLD_KEY)}, and no key is set. Set LONGTAKE_ENCRYPTION_KEY here as the other processes of this namespace have it.`;
    const asked = stranger.handle(handle.workflowId);
    for (const call of [() => asked.status(), () => asked.result()]) {
      await expect(call()).rejects.toMatchObject({ type: 'Undecryptable', message });
    }
    expect((await stranger.list({ limit: 1_000 })).find(({ id }) => id === handle.workflowId)).toMatchObject({
      ...{ state: 'succeeded', model: 'test/model', polls: null, unreadable: message },
      jobId: expect.any(String) as unknown, // search attributes are never encrypted
    });
  });

  it('a list shows every run that can be read, and of the others what Temporal itself shows', async () => {
    const [plain, other] = [await startRigWith(''), await startRigWith(NEW_KEY)];
    const readableRun = await plain.start(INPUT);
    const otherRun = await other.start(INPUT);
    await Promise.all([readableRun.result(), otherRun.result()]);
    const runs = await clientWith({ LONGTAKE_ENCRYPTION_KEY: OLD_KEY }).list({ limit: 1_000 });
    const find = (id: string) => runs.find((run) => run.id === id);
    expect(find(readableRun.workflowId)).toMatchObject({
      state: 'succeeded',
      polls: expect.any(Number) as unknown,
      unreadable: null,
    });
    expect(find(otherRun.workflowId)).toMatchObject({
      ...{ state: 'succeeded', polls: null, closedAt: expect.any(String) as unknown },
      unreadable: expect.stringMatching(new RegExp(`key ${idOf(NEW_KEY)}, which is neither`)) as unknown,
    });
    await Promise.all([plain.stop(), other.stop()]);
  });

  it('a worker takes no run any further, and fails none', async () => {
    const lonely = await startRigWith(OLD_KEY, false);
    const stranger = await lonely.startWorker((config) => ({ ...config, encryption: { current: null, old: [] } }));
    const handle = await lonely.start(INPUT);
    await expect.poll(() => taskFailure(lonely, handle), { timeout: 60_000 }).toContain('LONGTAKE_ENCRYPTION_KEY');
    const failing =
      /^No worker gets on with this run: its step fails again and again\. The worker said: "A payload is encrypted with the key .*LONGTAKE_ENCRYPTION_KEY.*[^.]"\. See the worker's log: /;
    const problem = async () => (await handle.status()).error?.message;
    await expect.poll(problem, { timeout: 60_000 }).toMatch(failing);
    const { status, text } = await checkOf(lonely);
    expect(status).toBe('fail');
    expect(text).toMatch(
      new RegExp(`^${handle.workflowId}: the step fails again and again .*status ${handle.workflowId}$`),
    );
    // The server itself takes no answer then, and says so in words of its own.
    await expect(handle.resolveSubmission({ action: 'abandon' })).rejects.toMatchObject({
      type: 'UpdateRefused',
      message: expect.stringMatching(/no worker gets on with the run .*Say it again once that is mended/) as string,
    });
    await stranger.stop();
    expect(lonely.provider.submits).toHaveLength(0);
    await lonely.startWorker();
    await handle.result();
    expect(await handle.status()).toMatchObject({ state: 'succeeded', error: null });
    expect(await checkOf(lonely)).toMatchObject({ status: 'ok' });
    await lonely.stop();
  });

  it('whose step fails while it awaits a decision still shows its question', async () => {
    const lonely = await startRigWith(OLD_KEY);
    lonely.provider.script = { submit: () => refusal(500, 'no') };
    const handle = await lonely.start(INPUT);
    await until(handle, ({ state }) => state === 'awaiting_decision');
    await lonely.worker?.stop();
    await lonely.startWorker((config) => ({ ...config, encryption: { current: null, old: [] } }));
    await handle.cancel(); // a step to take
    const problem = async () => (await handle.status()).error?.message;
    await expect
      .poll(problem, { timeout: 60_000 })
      .toMatch(/^No worker gets on .* Before that: .*A paid job may exist/);
    await lonely.stop();
  });
});

/** What `longtake doctor` says of the runs. */
async function checkOf({ environment }: Rig): Promise<Finding> {
  const config = loadConfig(environment);
  const connection = await Connection.connect({ address: config.temporal.address });
  try {
    return await checkRuns(connection, config);
  } finally {
    await connection.close();
  }
}

/** What a worker said when it gave a workflow task back, or nothing yet. */
async function taskFailure({ temporal }: Rig, { workflowId }: LongtakeHandle): Promise<string> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const [failed] = (events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes ?? []);
  return failed?.failure?.message ?? '';
}

describe('while a key is being replaced', () => {
  it('a run that began with the old key ends with the new one', async () => {
    const rotating = await startRigWith(OLD_KEY);
    const settings = { LONGTAKE_ENCRYPTION_KEY: NEW_KEY, LONGTAKE_ENCRYPTION_OLD_KEYS: OLD_KEY };
    rotating.provider.script = { submit: () => accepted('long'), poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await rotating.start(INPUT);
    await until(handle, ({ state }) => state === 'generating');
    await rotating.worker?.stop();

    rotating.provider.script = { poll: ({ jobId }) => completed(jobId) };
    await rotating.startWorker((config) => ({ ...config, encryption: loadConfig(settings).encryption }));
    const after = clientWith(settings).handle(handle.workflowId);
    expect(await after.result()).toMatchObject({ jobId: 'long', assets: [{ key: KEY }] });
    const { history } = await rawRun(rotating.temporal, handle.workflowId);
    expect(readable(history, WORDS)).toEqual([]);
    for (const key of [OLD_KEY, NEW_KEY]) expect(history.includes(idOf(key))).toBe(true);
    // Whoever has the old key alone cannot read it any more, and is told which one is missing.
    await expect(handle.result()).rejects.toMatchObject({
      type: 'Undecryptable',
      message: expect.stringMatching(new RegExp(`key ${idOf(NEW_KEY)}, which is neither .*OLD_KEYS`)) as unknown,
    });
    await rotating.stop();
  });

  it('runs from before encryption are read, and go on', async () => {
    const plain = await startRigWith('');
    plain.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const handle = await plain.start(INPUT);
    await until(handle, ({ state }) => state === 'generating');
    await plain.worker?.stop();
    plain.provider.script = {};
    const settings = { LONGTAKE_ENCRYPTION_KEY: NEW_KEY };
    await plain.startWorker((config) => ({ ...config, encryption: loadConfig(settings).encryption }));
    expect(await clientWith(settings).handle(handle.workflowId).result()).toMatchObject({ model: 'test/model' });
    await plain.stop();
  });
});

describe('the command line', () => {
  it('shows one encrypted run with the key, and exits with 2 without it', async () => {
    const cwd = await newFolder();
    const handle = await rig.start(INPUT);
    await handle.result();
    const id = handle.workflowId;
    for (const args of [
      ['status', id, '--json'],
      ['wait', id, '--json'],
    ]) {
      const { code, stdout } = await longtake(args, { cwd, env: rig.environment });
      expect({ args, code, stdout }).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('succeeded') as unknown,
      });
      const refused = await longtake(args, { cwd, env: keyless() });
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(
        /^error: A payload is encrypted with the key [0-9a-f]{8}, and no key is set\. Set LONGTAKE_ENCRYPTION_KEY.+\n$/,
      );
    }
  });

  it('finds with doctor that a key is missing or wrong, and says which', async () => {
    const cwd = await newFolder();
    await (await rig.start(INPUT)).result();
    const linesWith = async (env: Record<string, string>) => (await longtake(['doctor'], { cwd, env })).stdout;
    expect(await linesWith(rig.environment)).toMatch(/^ok {3}runs +all of the \d+ looked at on test-\S+ can be read$/m);
    const missing = await longtake(['doctor'], { cwd, env: keyless() });
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(
      new RegExp(`^FAIL runs +(\\d+) of the \\1 looked at .*key ${idOf(OLD_KEY)}, .*Set LONGTAKE_ENCRYPTION_KEY`, 'm'),
    );
    expect(await linesWith({ ...rig.environment, LONGTAKE_ENCRYPTION_KEY: NEW_KEY })).toMatch(
      new RegExp(`^FAIL runs .*key ${idOf(OLD_KEY)}, which is neither .*LONGTAKE_ENCRYPTION_OLD_KEYS`, 'm'),
    );
  });

  it('starts a run that it cannot read without saying that nothing was started, and cancels it without the key', async () => {
    const cwd = await newFolder();
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'in_progress') };
    const id = `keyless-${Math.random()}`;
    const args = ['generate', '--model', 'test/model', '--poll-interval', '200ms', '--id', id, 'a greenhouse'];
    const started = await longtake(args, { cwd, env: keyless() });
    expect(started).toMatchObject({ code: 1, stdout: '' });
    expect(started.stderr).toContain(`Run ${id} was started and goes on, but it cannot be read here. A payload is`);
    expect(started.stderr).toMatch(new RegExp(`Then: longtake wait ${id}\n$`));
    expect((await longtake(['cancel', id], { cwd, env: keyless() })).code).toBe(0);
    await expect(rig.client.handle(id).result()).rejects.toMatchObject({ type: 'Cancelled' });
  });

  it('lists all runs without the key, with a mark and one line about those that are shown in part', async () => {
    const cwd = await newFolder();
    const handle = await rig.start(INPUT);
    await handle.result();
    const args = ['list', '--limit', '1000'];
    const people = await longtake(args, { cwd, env: keyless() });
    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(new RegExp(`^${handle.workflowId} +succeeded \\* +\\d+[smh] +test/model +- `, 'm'));
    expect(people.stderr).toMatch(
      new RegExp(`^! \\* \\d+ runs are shown in part: .*key ${idOf(OLD_KEY)}.*LONGTAKE_ENCRYPTION_KEY`, 'm'),
    );
    const machines = await longtake([...args, '--json'], { cwd, env: keyless() });
    const rows = JSON.parse(machines.stdout) as Record<string, unknown>[];
    expect(machines.code).toBe(0);
    expect(rows.find(({ id }) => id === handle.workflowId)).toMatchObject({ state: 'succeeded', model: 'test/model' });
    expect(people.stdout + machines.stdout).not.toMatch(/orchid/);
  });

  function keyless(): Record<string, string> {
    return { ...rig.environment, LONGTAKE_ENCRYPTION_KEY: '' };
  }
});
