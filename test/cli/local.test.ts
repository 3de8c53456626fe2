import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import type { Outcome } from '../../src/cli/outcome.js';
import { CliProcess, inherited, longtake, newFolder } from './cli-process.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCAL = ['generate', '--local', '--poll-interval', '200ms', '--duration', '4'];
const QUICK = ['--simulated-generation', '1s'];
const SIMULATION = /^! SIMULATION: .*nothing is paid and no real video/;

it('makes a video with nothing but this command, and keeps standard output clean for --json', async () => {
  const cwd = await newFolder();
  const { code, stdout, stderr } = await longtake([...LOCAL, ...QUICK, '--json', '--id', 'one', 'a lighthouse'], {
    cwd,
  });
  expect(code).toBe(0);
  const outcome = JSON.parse(stdout) as Outcome;
  expect(outcome).toMatchObject({ id: 'one', state: 'succeeded', error: null });
  expect(outcome.result).toMatchObject({ costUsd: 0.12, assets: [{ key: 'one.mp4', durationSeconds: 4 }] });
  const file = await readFile(join(cwd, 'videos', 'one.mp4'));
  expect(file.length).toBe(outcome.result?.assets[0]?.bytes);
  const lines = stderr.trimEnd().split('\n');
  expect(lines[0]).toMatch(SIMULATION);
  expect(lines.at(-1)).toMatch(SIMULATION);
  expect(stderr).not.toContain('\u001b');
  expect(await readFile(join(cwd, '.longtake', '.gitignore'), 'utf8')).toBe('*\n');
});

it('prints the address of the video on standard output, and everything else on standard error', async () => {
  const cwd = await newFolder();
  const args = [...LOCAL, ...QUICK, '--output', 'clips/a b.mp4', 'a lighthouse'];
  const { code, stdout, stderr } = await longtake(args, { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^file:\/\/\/.*\/videos\/clips\/a%20b\.mp4\n$/);
  expect(stderr).toMatch(
    /^run video-[0-9a-f-]{36}\n {4}http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/video-/m,
  );
  expect(stderr).toMatch(/^(generating|downloading) {2}job gen-vid-/m);
  expect(stderr).toMatch(/^saved {3}.*a b\.mp4 {2}\(.*4 s, 1280x720\)$/m);
  expect(stderr).toMatch(/^cost {4}\$0\.12, simulated$/m);
});

it('exits with 1 and one line when the run fails', async () => {
  const cwd = await newFolder();
  const { code, stdout, stderr } = await longtake([...LOCAL, ...QUICK, '--model', 'simulator/fails', 'x'], { cwd });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: run video-\S+ failed \(VideoFailed\): .*simulator|provider.*/m);
});

it('keeps the run on Ctrl-C, and goes on with it at the next start with the same id, paying once', async () => {
  const cwd = await newFolder();
  const first = new CliProcess([...LOCAL, '--simulated-generation', '8s', '--id', 'kept', 'a lighthouse'], { cwd });
  await first.says(/^generating {2}job/m);
  first.signal('SIGINT');
  const interrupted = await first.ended;
  expect(interrupted).toMatchObject({ code: 130, stdout: '' });
  expect(interrupted.stderr).toContain('To come back to it: longtake generate --local --id kept\n');
  expect(interrupted.stderr.trimEnd().split('\n').at(-1)).toMatch(SIMULATION);

  const second = await longtake(['generate', '--local', '--id', 'kept'], { cwd });
  expect(second.code).toBe(0);
  expect(second.stderr).toContain('run kept exists already: following it.');
  expect(await submittedJobs(cwd)).toBe(1);

  const third = await longtake([...LOCAL, '--id', 'kept', 'another prompt'], { cwd });
  expect({ code: third.code, stdout: third.stdout }).toEqual({ code: 0, stdout: second.stdout });
  expect(third.stderr).toContain('started with another request');
  const dearer = await longtake([...LOCAL, '--id', 'kept', '--max-cost', '1', 'a lighthouse'], { cwd });
  expect(dearer.stderr).toContain('It was started with the same request and no budget; for a new video choose another');
  expect(await submittedJobs(cwd)).toBe(1);
});

it('does not hand over a video that is gone or holds other content, and has it again by the command it names', async () => {
  const cwd = await newFolder();
  const file = join(cwd, 'videos', 'harbour.mp4');
  const line = [...LOCAL, ...QUICK, '--id', 'harbour', 'a harbour'];
  expect((await longtake(line, { cwd })).code).toBe(0);
  const [job] = await jobs(cwd);
  const saved = await readFile(file);

  await rm(file);
  const gone = await longtake([...line, '--json'], { cwd });
  expect(gone.code).toBe(1);
  const { state, result, error } = JSON.parse(gone.stdout) as Outcome;
  expect({ state, result, type: error?.type }).toEqual({ state: 'succeeded', result: null, type: 'StorageFailed' });
  expect(error?.message).toContain(`harbour.mp4 is not there any more`);
  const [, again = ''] = /longtake (adopt --local --output harbour\.mp4 \S+)$/.exec(error?.message ?? '') ?? [];
  const adopted = await longtake([...again.split(' '), '--poll-interval', '200ms'], { cwd });
  expect(adopted).toMatchObject({ code: 0, stdout: `${pathToFileURL(file).href}\n` });
  expect(await readFile(file)).toEqual(saved);

  await writeFile(file, 'something else');
  const changed = await longtake(line, { cwd });
  expect(changed).toMatchObject({ code: 1, stdout: '' });
  expect(changed.stderr).toContain('harbour.mp4 holds other content now');
  expect(changed.stderr).toContain(`longtake adopt --local --output harbour.${job?.id ?? ''}.mp4 ${job?.id ?? ''}\n`);
  const anew = await longtake(['adopt', '--local', '--output', 'other.mp4', job?.id ?? ''], { cwd });
  expect(anew).toMatchObject({ code: 0, stderr: expect.stringContaining(`run adopt-${job?.id ?? ''}-2\n`) as string });
  expect(await submittedJobs(cwd)).toBe(1);
});

it('ends with 143 on SIGTERM, in the same way', async () => {
  const cwd = await newFolder();
  const run = new CliProcess([...LOCAL, '--id', 'kept', 'a lighthouse'], { cwd });
  await run.says(/^generating {2}job/m);
  run.signal('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 143, stderr: expect.stringContaining('--id kept') as string });
});

it('starts nothing when there is no such run to come back to', async () => {
  const { code, stderr } = await longtake(['generate', '--local', '--id', 'nothing'], { cwd: await newFolder() });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: There is no run nothing here to come back to/m);
});

it('goes on after a SIGKILL of the whole process, and has paid one job', async () => {
  const cwd = await newFolder();
  const args = [...LOCAL, '--simulated-generation', '8s', '--id', 'killed', 'a lighthouse'];
  const first = new CliProcess(args, { cwd });
  await first.says(/^generating {2}job/m);
  first.signal('SIGKILL');
  expect((await first.ended).code).toBeNull();

  const { code, stdout } = await longtake([...args, '--json'], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ id: 'killed', state: 'succeeded' });
  expect(await submittedJobs(cwd)).toBe(1);
});

it('lets two commands run in one folder at once', async () => {
  const cwd = await newFolder();
  const ends = await Promise.all(['a', 'b'].map((id) => longtake([...LOCAL, ...QUICK, '--id', id, 'x'], { cwd })));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  expect((await readdir(join(cwd, 'videos'))).sort()).toEqual(['a.mp4', 'b.mp4']);
  expect(await submittedJobs(cwd)).toBe(2);
});

it('makes the greenhouse for npm start, under the next free name, past a run that was killed', async () => {
  const cwd = await newFolder();
  const start = ['generate', '--local', '--example', '--poll-interval', '200ms'];
  const killed = new CliProcess([...start, '--simulated-generation', '8s'], { cwd });
  const [, id = ''] = await killed.says(/^run (greenhouse-\S+)$/m);
  await killed.says(/^generating {2}job/m);
  killed.signal('SIGKILL');
  await killed.ended;

  const second = await longtake([...start, ...QUICK], { cwd });
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/\/videos\/greenhouse-2\.mp4\n$/);
  expect(second.stderr).toContain(`also going on: ${id} (`);

  expect((await longtake(['generate', '--local', '--id', id], { cwd })).stdout).toMatch(/\/videos\/greenhouse\.mp4\n$/);
  expect((await longtake([...start, ...QUICK], { cwd })).stdout).toMatch(/\/videos\/greenhouse-3\.mp4\n$/);
  const [job] = await jobs(cwd);
  expect(job?.request).toMatchObject({
    model: 'google/veo-3.1-lite',
    prompt: expect.stringContaining('greenhouse') as string,
    ...{ duration: 4, resolution: '720p', aspect_ratio: '16:9', generate_audio: false },
  });
});

it('makes the greenhouse by npm start itself, with the words behind --', async () => {
  const folder = await newFolder();
  await copyFile(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await symlink(join(ROOT, 'dist'), join(folder, 'dist'));
  const words = ['--poll-interval', '200ms', ...QUICK, '--output', 'of-npm-start.mp4'];
  const { stdout, stderr } = await promisify(execFile)('npm', ['start', '--', ...words], {
    cwd: folder,
    env: inherited(),
  });
  expect(stdout).toMatch(/\/videos\/of-npm-start\.mp4\n$/);
  expect(stderr).toMatch(/^run greenhouse-\S+$/m);
  expect(await submittedJobs(folder)).toBe(1);
  expect(await readdir(join(folder, 'videos'))).toEqual(['of-npm-start.mp4']);
});

it('tells at its end that another run of the folder, left behind before, has ended beside it', async () => {
  const cwd = await newFolder();
  const first = new CliProcess([...LOCAL, '--simulated-generation', '8s', '--id', 'left', 'x'], { cwd });
  await first.says(/^generating {2}job/m);
  first.signal('SIGINT');
  await first.ended;

  const second = new CliProcess([...LOCAL, '--model', 'simulator/never-finishes', '--id', 'own', 'x'], { cwd });
  await second.says(/^also going on: left \(/m);
  await second.says(/^generating {2}job/m);
  expect((await longtake(['generate', '--local', '--id', 'left'], { cwd })).code).toBe(0);
  const cancelled = await longtake(['cancel', 'own'], { cwd, env: { TEMPORAL_ADDRESS: await addressIn(cwd) } });
  expect(cancelled.code).toBe(0);
  const { code, stderr } = await second.ended;
  expect(code).toBe(3);
  expect(stderr).toMatch(/^ended meanwhile: left \(succeeded\)\. To see how: longtake generate --local --id left$/m);
  expect(stderr).not.toMatch(/^ended meanwhile: own/m);
});

it('says of another run of the folder that it waits for a decision, and where the answers are', async () => {
  const cwd = await newFolder();
  const lost = ['generate', '--local', ...QUICK, '--model', 'simulator/answer-lost', '--id', 'asks', 'x'];
  expect((await longtake(lost, { cwd })).code).toBe(5);
  const { code, stderr } = await longtake([...LOCAL, ...QUICK, '--id', 'own', 'x'], { cwd });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^waits for your decision: asks\. .*: longtake generate --local --id asks$/m);
  const shown = await longtake(['generate', '--local', '--id', 'asks'], { cwd });
  expect(shown).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('longtake resolve --abandon asks') as string,
  });
});

it('says nothing of a run of another task queue, which no worker here takes', async () => {
  const cwd = await newFolder();
  const other = new CliProcess([...LOCAL, '--id', 'foreign', 'x'], { cwd, env: { LONGTAKE_TASK_QUEUE: 'other' } });
  await other.says(/^generating {2}job/m);
  other.signal('SIGINT');
  await other.ended;
  const { code, stderr } = await longtake([...LOCAL, ...QUICK, '--id', 'own', 'x'], { cwd });
  expect({ code, isNamed: stderr.includes('foreign') }).toEqual({ code: 0, isNamed: false });
});

it('says where its runs would be kept, if they cannot be', async () => {
  const cwd = await newFolder();
  await writeFile(join(cwd, '.longtake'), 'a file');
  const { code, stderr } = await longtake([...LOCAL, 'x'], { cwd });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: Runs of this folder are kept in .*\.longtake, which cannot be written \(.*\)\. Change to /m,
  );
});

it('takes what the user gives over the example', async () => {
  const cwd = await newFolder();
  const args = ['generate', '--local', '--example', '--poll-interval', '200ms', ...QUICK, '--audio', 'a harbour'];
  const { stdout } = await longtake(args, { cwd });
  expect(stdout).toMatch(/\/videos\/video-[0-9a-f-]+\.mp4\n$/);
  const [job] = await jobs(cwd);
  expect(job?.request).toMatchObject({ prompt: 'a harbour', generate_audio: true, duration: 4 });
});

it('sends a request file as it is, with the options on top', async () => {
  const cwd = await newFolder();
  const body = { model: 'google/veo-3.1', prompt: 'from the file', seed: 7, duration: 8, trace: { trace_id: 't' } };
  await writeFile(join(cwd, 'body.json'), JSON.stringify(body));
  expect((await longtake([...LOCAL, ...QUICK, '--request', 'body.json'], { cwd })).code).toBe(0);
  const [job] = await jobs(cwd);
  expect(job?.request).toMatchObject({ ...body, duration: 4 });
});

it('adopts a job, shows it again, and adopts one anew after a failed run', async () => {
  const cwd = await newFolder();
  await longtake([...LOCAL, ...QUICK, 'x'], { cwd });
  const [job] = await jobs(cwd);
  const adopt = ['adopt', '--local', '--poll-interval', '200ms', job?.id ?? ''];
  const first = await longtake(adopt, { cwd });
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining(`run adopt-${job?.id ?? ''}\n`) as string });
  const shown = await longtake(adopt, { cwd });
  expect(shown.stdout).toBe(first.stdout);
  expect(shown.stderr).toContain('Nothing is fetched now: to fetch the video of job');

  const elsewhere = [...adopt, '--output', 'elsewhere.mp4'];
  const address = pathToFileURL(join(cwd, 'videos', 'elsewhere.mp4')).href;
  const fetched = await longtake(elsewhere, { cwd });
  expect(fetched).toMatchObject({ code: 0, stdout: `${address}\n` });
  expect(fetched.stderr).toContain(`run adopt-${job?.id ?? ''}-2\n`);
  const toldAgain = await longtake(elsewhere, { cwd });
  expect(toldAgain).toMatchObject({ code: 0, stdout: `${address}\n` });
  expect(toldAgain.stderr).toContain('Nothing is fetched now');
  const lost = ['adopt', '--local', '--poll-interval', '200ms', 'no-such-job'];
  expect((await longtake(lost, { cwd })).code).toBe(1);
  const again = await longtake(lost, { cwd });
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/^run adopt-no-such-job-2$/m) as string });
});

it('waits on Ctrl-C for the answer to a submit, and ends at once on a second Ctrl-C', async () => {
  const cwd = await newFolder();
  const provider = await silentProvider();
  const env = { OPENROUTER_API_KEY: 'sk-or-test', OPENROUTER_BASE_URL: provider.baseUrl };
  const run = new CliProcess([...LOCAL, '--id', 'paid', 'x'], { cwd, env });
  await provider.submitted;
  run.signal('SIGINT');
  await run.says(/^Waiting for an answer that must not be missed/m);
  run.signal('SIGINT');
  const { code, stderr } = await run.ended;
  expect(code).toBe(130);
  expect(stderr).not.toContain('SIMULATION');
});

interface JournalEntry {
  readonly id: string;
  readonly request: Record<string, unknown>;
}

async function jobs(cwd: string): Promise<JournalEntry[]> {
  const text = await readFile(join(cwd, '.longtake', 'simulator', 'jobs.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalEntry);
}

/** Where the Temporal server of that folder listens. */
async function addressIn(cwd: string): Promise<string> {
  const folder = join(cwd, '.longtake');
  const [file = ''] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('host.json'));
  const { address } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { readonly address: string };
  return address;
}

async function submittedJobs(cwd: string): Promise<number> {
  return (await jobs(cwd)).length;
}

/** A provider that takes a request and never answers. */
async function silentProvider(): Promise<{ readonly baseUrl: string; readonly submitted: Promise<void> }> {
  let submit = (): void => undefined;
  const submitted = new Promise<void>((resolve) => {
    submit = resolve;
  });
  const server = createServer((request, response) => {
    if (request.method === 'POST') submit();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`, submitted };
}

it.each([
  ['jobs.jsonl', 'anything', /^error: The simulated jobs of this folder are kept in \S+jobs\.jsonl, .*move it away/m],
  ['worker.log', null, /^error: The log of the worker is \S+worker\.log, which cannot be written .*move it away/m],
])('says what to do about a %s that cannot be used', async (name, content, words) => {
  const cwd = await newFolder();
  const path = join(cwd, '.longtake', 'simulator', name);
  await mkdir(content === null ? path : dirname(path), { recursive: true });
  if (content !== null) await writeFile(path, content);
  const { code, stderr } = await longtake([...LOCAL, ...QUICK, 'x'], { cwd });
  expect(code).toBe(2);
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain('not expected');
});
