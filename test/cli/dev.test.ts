import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { CliProcess, longtake, newFolder } from './cli-process.js';
import { startDev, type Dev } from './dev-server.js';

let dev: Dev;

beforeAll(async () => {
  dev = await startDev();
});

afterAll(async () => {
  await dev.stop();
});

const QUICK = ['--poll-interval', '200ms', '--duration', '4'];

it('says where everything is, and which command to try', async () => {
  const port = dev.address.split(':')[1];
  await dev.process.says(/^ {2}UI {8}http:\/\/127\.0\.0\.1:\d+$/m);
  await dev.process.says(/^ {2}provider {2}http:\/\/127\.0\.0\.1:\d+\/api\/v1$/m);
  const [, health = ''] = await dev.process.says(/^ {2}health {4}(http:\S+)$/m);
  expect(await (await fetch(health)).text()).toBe('ready\n');
  const [line] = await dev.process.says(/^ {2}.*longtake generate ".*$/m);
  expect(line.includes(`TEMPORAL_ADDRESS=${dev.address}`)).toBe(port !== '7233');
});

it('says why its Temporal is elsewhere, and what other terminals have to set', async () => {
  const other = await startDev();
  onTestFinished(() => other.stop());
  // At most one has the usual port; which one, depends on who else had it when they started.
  const elsewhere = dev.address.endsWith(':7233') ? other : dev;
  const [line] = await elsewhere.process.says(/^! Temporal is at .*$/m);
  expect(line).toMatch(/since port 7233.* (is|was) taken .*TEMPORAL_ADDRESS=/);
  expect(line).toContain(elsewhere.address);
});

it('says where commands go while the environment names another Temporal', async () => {
  const env = { LONGTAKE_HTTP_ADDRESS: 'off', TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const own = new CliProcess(['dev'], { cwd: dev.folder, env });
  onTestFinished(() => own.stop());
  const [hint] = await own.says(/^! .*commands go to 127\.0\.0\.1:1, .*$/m);
  expect(hint).toContain(`set TEMPORAL_ADDRESS=${dev.address}`);
  expect(hint).toContain('unset');
  const [line] = await own.says(/^ {2}.*longtake generate ".*$/m);
  expect(line).toContain(`  TEMPORAL_ADDRESS=${dev.address} longtake`);

  const found = new CliProcess(['dev'], { cwd: dev.folder, env: { ...env, TEMPORAL_ADDRESS: dev.address } });
  onTestFinished(() => found.stop());
  await found.says(/^Ctrl-C stops everything/m);
  await found.stop();
  expect((await found.ended).stderr).not.toContain('commands go to');
});

it('says that another one runs in its folder, and where', async () => {
  const [, health = ''] = await dev.process.says(/^ {2}health {4}http:\/\/(\S+)\/readyz$/m);
  const second = await new CliProcess(['dev'], { cwd: dev.folder, env: { LONGTAKE_HTTP_ADDRESS: health } }).ended;
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(
    `! A longtake dev or npm start of this folder already runs: this one shares its Temporal at ${dev.address}.\n`,
  );
  expect(second.stderr).toContain(`LONGTAKE_HTTP_ADDRESS cannot be used: ${health} is taken by another worker.`);
  expect(second.stderr).not.toContain('another program.');

  const alone = await startDev();
  await alone.stop();
  expect((await alone.process.ended).stderr).not.toContain('already runs');
});

it('prints commands with npx where npm started it, as they are not on the PATH otherwise', async () => {
  const env = { ...dev.env, npm_command: 'exec' };
  const detach = ['generate', 'x', '--id', 'by-npx', '--detach', ...QUICK];
  const { stderr } = await longtake(detach, { cwd: dev.folder, env });
  expect(stderr).toContain('To follow it: npx longtake wait by-npx\n');
  const unknown = await longtake(['wait', 'nobody'], { cwd: dev.folder, env });
  expect(unknown.stderr).toMatch(/: npx longtake list$/m);
  const nowhere = await longtake(['list'], { cwd: dev.folder, env: { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' } });
  expect(nowhere).toMatchObject({ code: 4, stderr: expect.stringMatching(/: npx longtake dev$/m) as string });
});

it('starts a run and does not wait for it with --detach', async () => {
  const human = await dev.longtake('generate', 'x', '--id', 'left', '--detach', ...QUICK);
  expect(human).toMatchObject({ code: 0, stdout: 'left\n' });
  expect(human.stderr).toContain('longtake wait left');
  const { stdout } = await dev.longtake('generate', 'x', '--id', 'left', '--detach', '--json', ...QUICK);
  expect(JSON.parse(stdout)).toEqual({ id: 'left', runId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
});

it('follows a run to its end with wait, and shows it with status and list', async () => {
  await dev.longtake('generate', 'x', '--id', 'seen', '--detach', '--model', 'google/veo-3.1', ...QUICK);
  const waited = await dev.longtake('wait', 'seen');
  expect(waited).toMatchObject({ code: 0, stdout: expect.stringMatching(/^file:.*\/seen\.mp4\n$/) as string });

  const status = await dev.longtake('status', 'seen');
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/^state {5}succeeded$/m);
  expect(status.stdout).toMatch(/^model {5}google\/veo-3\.1$/m);
  expect(status.stdout).toMatch(/^cost {6}\$\d.*, simulated$/m);
  expect(waited.stderr).toMatch(/^cost {4}\$\d.*, simulated$/m);
  const json = JSON.parse((await dev.longtake('status', 'seen', '--json')).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({ id: 'seen', state: 'succeeded', error: null, assets: [{ key: 'seen.mp4' }] });
  expect(json).not.toHaveProperty('workflowId');

  const list = await dev.longtake('list', '--model', 'google/veo-3.1', '--json');
  const rows = JSON.parse(list.stdout) as Record<string, unknown>[];
  expect(rows.map((row) => Object.keys(row).sort())).toEqual([
    [
      ...['cancelRequested', 'closedAt', 'costUsd', 'errorType', 'id', 'jobId', 'model', 'runId', 'standstill'],
      ...['startedAt', 'state'],
    ],
  ]);
  expect((await dev.longtake('list', '--state', 'succeeded')).stdout).toMatch(
    /^ID .*\n(.*\n)*seen +succeeded +\d+[smh] +google\/veo-3\.1 +[1-9]\d* +\$\d\S+ simulated +gen-vid-/,
  );
});

it('says on standard error that a list is cut off, and how to see more', async () => {
  for (const id of ['first-of-two', 'second-of-two']) await dev.longtake('generate', 'x', '--id', id, ...QUICK);
  const one = await dev.longtake('list', '--limit', '1', '--json');
  expect(JSON.parse(one.stdout)).toHaveLength(1);
  expect(one.stderr).toMatch(/^There are more than these 1\. To see more: longtake list --limit 10$/m);
  expect((await dev.longtake('list', '--limit', '1000')).stderr).not.toContain('There are more');
});

it('shows in the list why a run failed', async () => {
  await dev.longtake('generate', 'x', '--id', 'broken', '--model', 'simulator/fails', ...QUICK);
  const { stdout } = await dev.longtake('list', '--state', 'failed');
  expect(stdout).toMatch(/^broken +failed \(VideoFailed\) +\d+[smh] +simulator\/fails/m);
});

it('detaches on Ctrl-C while the run goes on', async () => {
  const run = new CliProcess(['generate', 'x', '--id', 'detached', '--model', 'simulator/never-finishes'], {
    cwd: dev.folder,
    env: dev.env,
  });
  await run.says(/^generating {2}job/m);
  run.signal('SIGINT');
  const { code, stdout, stderr } = await run.ended;
  expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
  expect(stderr).toContain('To come back to it: longtake wait detached\n');
  expect(JSON.parse((await dev.longtake('status', 'detached', '--json')).stdout)).toMatchObject({
    state: 'generating',
  });
});

it('cancels a run, which wait then reports with 3', async () => {
  await dev.longtake('generate', 'x', '--id', 'unwanted', '--model', 'simulator/never-finishes', '--detach');
  const waiting = dev.longtake('wait', 'unwanted', '--json');
  const reason = 'no longer needed\u009b5m\u202e';
  const cancelled = await dev.longtake('cancel', 'unwanted', '--reason', reason);
  expect(cancelled).toMatchObject({ code: 0, stderr: expect.stringContaining('may still be billed') as string });
  const { code, stdout } = await waiting;
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ id: 'unwanted', state: 'cancelled', result: null },
    error: { type: 'Cancelled', message: expect.stringContaining(reason) as string },
  });
  expect(stdout).not.toMatch(/[\u007f-\u009f\u202e]/); // escaped, so that no terminal obeys them
  expect((await dev.longtake('cancel', 'unwanted')).code).toBe(0);
  expect(cancelled.stderr).not.toContain('No worker');
});

it('says of a cancel that no worker takes that it waits for one', async () => {
  const env = { ...dev.env, LONGTAKE_TASK_QUEUE: 'nobody-cancels-here' };
  const options = { cwd: dev.folder, env };
  await new CliProcess(['generate', 'x', '--id', 'not-begun', '--detach'], options).ended;
  // The task queue is the run's own, whatever is set where the cancel is said.
  const { code, stderr } = await dev.longtake('cancel', 'not-begun');
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^! No worker asks for work on task queue nobody-cancels-here: the cancel is recorded, .* when one starts \(LONGTAKE_TASK_QUEUE=\S+ longtake worker\)\.$/m,
  );
});

it('shows no control characters of an id that another program gave', async () => {
  const id = 'blink\u001b[5m\u202e\u0007';
  const connection = await Connection.connect({ address: dev.address });
  onTestFinished(() => connection.close());
  const run = await new Client({ connection }).workflow.start('generateVideo', { workflowId: id, taskQueue: 'idle' });
  onTestFinished(async () => {
    await run.terminate();
  });
  const { code, stderr } = await dev.longtake('cancel', id);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Asked run blink {2}to cancel\./);
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

it('stops with 5 at a decision, says how to answer, and goes on after the answer', async () => {
  const asked = await dev.longtake('generate', 'x', '--id', 'doubt', '--model', 'simulator/answer-lost', '--json');
  expect(asked.code).toBe(5);
  expect(JSON.parse(asked.stdout)).toMatchObject({
    id: 'doubt',
    state: 'awaiting_decision',
    error: { type: 'SubmissionUnknown' },
  });
  for (const answer of ['--adopt JOB_ID', '--resubmit', '--abandon']) {
    expect(asked.stderr).toContain(`longtake resolve ${answer} doubt`);
  }
  expect((await dev.longtake('wait', 'doubt')).code).toBe(5);
  expect(await dev.longtake('resolve', 'doubt', '--adopt', 'no-such-job')).toMatchObject({ code: 1, stdout: '' });
  const answered = await dev.longtake('resolve', 'doubt', '--abandon');
  expect(answered).toMatchObject({ code: 0, stderr: expect.stringContaining('run doubt is now failed') as string });
  expect((await dev.longtake('wait', 'doubt')).code).toBe(1);
  const late = await dev.longtake('resolve', 'doubt', '--resubmit');
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('run doubt is failed') as string });
});

it.each([['status'], ['wait'], ['cancel'], ['url'], ['resolve', '--abandon']])(
  '%s of an unknown run exits with 1, with the same words as any other command',
  async (...command) => {
    const { code, stdout, stderr } = await dev.longtake(...command, 'nobody');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('error: There is no run nobody in this namespace. To see which there are: longtake list\n');
  },
);

it('asks whether a worker is there when nothing happens', async () => {
  const env = { ...dev.env, LONGTAKE_TASK_QUEUE: 'nobody-works-here' };
  const run = new CliProcess(['generate', 'x', '--id', 'alone'], { cwd: dev.folder, env });
  await run.says(/^! Nothing has happened yet.*longtake worker$/m);
  run.signal('SIGINT');
  expect((await run.ended).code).toBe(130);
});

it('refuses a namespace that does not exist', async () => {
  const env = { ...dev.env, TEMPORAL_NAMESPACE: 'nowhere' };
  const { code, stderr } = await new CliProcess(['generate', 'x'], { cwd: dev.folder, env }).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*nowhere.*TEMPORAL_NAMESPACE/);
});

it('serves simulated runs on a named cluster from a queue of their own', async () => {
  const cwd = await newFolder();
  const args = ['generate', '--local', '--simulated-generation', '500ms', '--id', 'guest', 'x', ...QUICK];
  const { code, stdout } = await new CliProcess(args, { cwd, env: dev.env }).ended;
  expect({ code, stdout: stdout.includes(cwd) }).toEqual({ code: 0, stdout: true });
  const connection = await Connection.connect({ address: dev.address });
  const { taskQueue } = await new Client({ connection }).workflow.getHandle('guest').describe();
  await connection.close();
  expect(taskQueue).toBe('longtake-simulator');
});

it('shows models and what they cost, without a key from the simulator', async () => {
  const all = await dev.longtake('models');
  expect(all.stdout).toMatch(/^google\/veo-3\.1-lite +4 6 8 +720p 1080p +yes +\$0\.03 +\$0\.12 {2}4 s 720p silent$/m);
  expect(all.stderr).toContain('no OPENROUTER_API_KEY');
  const one = JSON.parse((await dev.longtake('models', 'google/veo-3.1-lite', '--json')).stdout) as unknown[];
  expect(one).toMatchObject([{ id: 'google/veo-3.1-lite', clipCostUsd: 0.12 }]);
  expect((await dev.longtake('models', 'no/such')).code).toBe(1);
});

it('ends with 0 on Ctrl-C, and goes on with unfinished runs at the next start', async () => {
  const own = await startDev();
  await own.longtake('generate', 'x', '--id', 'later', '--detach', '--model', 'simulator/never-finishes');
  own.process.signal('SIGINT');
  expect((await own.process.ended).code).toBe(0);
  const next = new CliProcess(['dev'], { cwd: own.folder, env: { LONGTAKE_HTTP_ADDRESS: 'off' } });
  const [, address = ''] = await next.says(/^ {2}Temporal {2}(\S+)$/m);
  const waiting = new CliProcess(['wait', 'later'], { cwd: own.folder, env: { TEMPORAL_ADDRESS: address } });
  await waiting.says(/^generating {2}job/m);
  waiting.signal('SIGINT');
  await waiting.ended;
  await next.stop();
  await own.stop();
});
