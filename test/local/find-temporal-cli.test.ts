import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { cliCache } from '../../src/local/cached-temporal-cli.js';
import { findTemporalCli, type FindTemporalCliOptions, type TemporalCli } from '../../src/local/find-temporal-cli.js';
import { listenOnLoopback } from '../../src/local/loopback-port.js';
import { findProcesses, stopProcesses } from '../../src/local/process-table.js';
import { TemporalUnavailable } from '../../src/local/temporal-unavailable.js';
import { waitUntil } from '../../src/local/wait-until.js';
import { runChildProgram } from './child-program.js';
import { scratchDirectory, script } from './scratch.js';

const ANSWERS = 'echo "temporal version 9.9.9 (Server 9.9, UI 9.9)"';
/** `go install` of a fake Go: notes the build, waits for the file `finish` if told to, and writes an executable. */
const FAKE_BUILD = [
  'if [ "$1" = version ]; then echo "go version go1.25.0 test/test"; exit; fi',
  'echo "$4" >> "$FAKE_GO/builds"',
  `echo '#!/bin/sh' > "$GOBIN/temporal"`,
  'echo $$ > "$FAKE_GO/building"',
  'if [ -e "$FAKE_GO/slow" ]; then while [ ! -e "$FAKE_GO/finish" ]; do sleep 0.05; done; fi',
  `echo '${ANSWERS}' >> "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
];

interface Rig {
  readonly root: string;
  readonly bin: string;
  readonly file: string;
  readonly progress: string[];
  readonly input: { readonly searchPath: string; readonly cacheDir: string; readonly env: Record<string, string> };
  find(more?: Partial<FindTemporalCliOptions>): Promise<TemporalCli>;
}

/** A machine of its own: nothing on PATH but the shell's tools, and a download site that refuses every connection. */
async function machine(): Promise<Rig> {
  const root = await scratchDirectory();
  onTestFinished(async () => {
    await stopProcesses(({ commandLine }) => commandLine.includes(root), 0);
  });
  const bin = join(root, 'bin');
  const cacheDir = join(root, 'cache');
  await mkdir(bin);
  const progress: string[] = [];
  const input = {
    searchPath: `${bin}:/usr/bin:/bin`,
    cacheDir,
    env: { HOME: homedir(), HTTPS_PROXY: 'http://127.0.0.1:1', FAKE_GO: root },
  };
  const find = (more: Partial<FindTemporalCliOptions> = {}): Promise<TemporalCli> =>
    findTemporalCli({ ...input, onProgress: (line) => void progress.push(line), ...more });
  return { root, bin, file: cliCache(cacheDir).file, progress, input, find };
}

async function builds({ root }: Rig): Promise<number> {
  return (await readFile(join(root, 'builds'), 'utf8')).trim().split('\n').length;
}

async function cacheEntries({ file }: Rig): Promise<string[]> {
  return (await readdir(join(file, '..', '..'))).sort();
}

describe('the search for a Temporal CLI', () => {
  it('takes TEMPORAL_CLI_PATH before everything else', async () => {
    const rig = await machine();
    await script(join(rig.bin, 'temporal'), ANSWERS);
    const cliPath = await script(join(rig.root, 'my temporal'), ANSWERS);
    await expect(rig.find({ cliPath })).resolves.toEqual({ path: cliPath, source: 'configured' });
  });

  it.each([
    ['does not exist', null, 'does not exist'],
    ['is another program', ['echo hello'], 'not the Temporal CLI'],
    ['fails', ['exit 3'], '--version failed (3)'],
  ])('refuses a TEMPORAL_CLI_PATH that %s, by name, and looks no further', async (_, lines, why) => {
    const rig = await machine();
    await script(join(rig.bin, 'temporal'), ANSWERS);
    const cliPath = join(rig.root, 'mine');
    if (lines !== null) await script(cliPath, ...lines);
    const failure = await rig.find({ cliPath }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TemporalUnavailable);
    expect(String(failure)).toContain(`TEMPORAL_CLI_PATH is ${cliPath}`);
    expect(String(failure)).toContain(why);
  });

  it('takes the first temporal on PATH that works, and says which it passed over', async () => {
    const rig = await machine();
    const broken = join(rig.root, 'broken');
    await mkdir(broken);
    await script(join(broken, 'temporal'), 'exit 1');
    const works = await script(join(rig.bin, 'temporal'), ANSWERS);
    const found = await rig.find({ searchPath: `${broken}:relative:${rig.bin}` });
    expect(found).toEqual({ path: works, source: 'path' });
    expect(rig.progress).toEqual([`passing over ${broken}/temporal: --version failed (1)`]);
  });

  it('takes the kept one when PATH has none', async () => {
    const rig = await machine();
    await mkdir(join(rig.file, '..'), { recursive: true });
    await script(rig.file, ANSWERS);
    await expect(rig.find()).resolves.toEqual({ path: rig.file, source: 'cache' });
    expect(rig.progress).toEqual([]);
  });

  it('tells in two lines what was tried and what to do when nothing works', async () => {
    const rig = await machine();
    const failure = await rig.find().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TemporalUnavailable);
    const { message } = failure as TemporalUnavailable;
    expect(message.split('\n')).toHaveLength(2);
    for (const word of [
      'temporal on PATH',
      'the download failed',
      'no go on PATH',
      'brew install temporal',
      'Go 1.25',
      'TEMPORAL_CLI_PATH',
      'TEMPORAL_ADDRESS',
    ]) {
      expect(message).toContain(word);
    }
  });

  it('gives up on a download site that does not answer, says so, and goes on', async () => {
    const rig = await machine();
    const silent = createServer();
    const port = await listenOnLoopback(silent, 0);
    onTestFinished(() => void silent.close());
    const env = { ...rig.input.env, HTTPS_PROXY: `http://127.0.0.1:${String(port)}` };
    await script(join(rig.bin, 'go'), ...FAKE_BUILD);
    await expect(rig.find({ env, downloadIdleMs: 3_000 })).resolves.toMatchObject({ source: 'build' });
    expect(rig.progress).toContain('the download of the Temporal CLI failed: no answer within 3 s');
  });
});

describe('the build from the Go module', () => {
  it('says how long it takes, keeps the result, and is not needed a second time', async () => {
    const rig = await machine();
    await script(join(rig.bin, 'go'), ...FAKE_BUILD);
    await expect(rig.find()).resolves.toEqual({ path: rig.file, source: 'build' });
    expect(rig.progress.join('\n')).toContain('about four minutes on two cores, once');
    await expect(rig.find()).resolves.toEqual({ path: rig.file, source: 'cache' });
    expect(await readFile(join(rig.root, 'builds'), 'utf8')).toBe('github.com/temporalio/cli/cmd/temporal@v1.5.1\n');
    expect(await cacheEntries(rig)).toEqual(['v1.5.1']);
  });

  it('replaces a kept file that does not run', async () => {
    const rig = await machine();
    await mkdir(join(rig.file, '..'), { recursive: true });
    await script(rig.file, 'exit 1');
    await script(join(rig.bin, 'go'), ...FAKE_BUILD);
    await expect(rig.find()).resolves.toEqual({ path: rig.file, source: 'build' });
    await expect(rig.find()).resolves.toEqual({ path: rig.file, source: 'cache' });
  });

  it.each([
    ['is too old', ['echo "go version go1.20.3 linux/amd64"'], 'older than Go 1.25'],
    [
      'fails',
      ['[ "$1" = version ] && echo "go version go1.25.0 x/y" && exit', 'echo no space left >&2; exit 1'],
      'no space left',
    ],
    ['makes something that does not run', FAKE_BUILD.slice(0, 3), 'does not run'],
  ])('keeps nothing when Go %s, and says why', async (_, lines, why) => {
    const rig = await machine();
    await script(join(rig.bin, 'go'), ...lines);
    await expect(rig.find()).rejects.toThrow(why);
    expect(await cacheEntries(rig)).toEqual([]);
  });

  it('runs once when two processes need it at once; the second says that it waits', async () => {
    const rig = await machine();
    await script(join(rig.bin, 'go'), ...FAKE_BUILD);
    await writeFile(join(rig.root, 'slow'), '');
    const first = runChildProgram('find-temporal-cli', FIND_AND_TELL, rig.input);
    await until(() => existsSync(join(rig.root, 'building')));
    const second = rig.find();
    await until(() => rig.progress.some((line) => line.includes('waiting for it')));
    await writeFile(join(rig.root, 'finish'), '');
    expect(await first.next()).toEqual({ path: rig.file, source: 'build' });
    await expect(second).resolves.toEqual({ path: rig.file, source: 'cache' });
    expect(await builds(rig)).toBe(1);
  });

  it('leaves no half file when it is killed, and the next one sweeps what it left, running or lying', async () => {
    const rig = await machine();
    await script(join(rig.bin, 'go'), ...FAKE_BUILD);
    await writeFile(join(rig.root, 'slow'), '');
    const killed = runChildProgram('find-temporal-cli', FIND_AND_TELL, rig.input);
    await until(() => existsSync(join(rig.root, 'building')));
    const go = Number(await readFile(join(rig.root, 'building'), 'utf8'));
    await killed.kill('SIGKILL');
    expect(existsSync(rig.file)).toBe(false);
    expect(await runs(go)).toBe(true);

    const next = rig.find(); // waits until the dead one's lock is stale
    await until(async () => !(await runs(go)));
    await writeFile(join(rig.root, 'finish'), '');
    await expect(next).resolves.toEqual({ path: rig.file, source: 'build' });
    expect(await cacheEntries(rig)).toEqual(['v1.5.1']);
  });

  it('is stopped with everything it started, and leaves nothing, when the user breaks it off', async () => {
    const rig = await machine();
    await script(join(rig.bin, 'go'), FAKE_BUILD[0] ?? '', 'sleep 600 & echo $! > "$FAKE_GO/building"; wait');
    const interrupt = new AbortController();
    const building = rig.find({ signal: interrupt.signal });
    const settled = expect(building).rejects.toThrow('Ctrl-C');
    await until(() => existsSync(join(rig.root, 'building')));
    const compiler = Number(await readFile(join(rig.root, 'building'), 'utf8'));
    interrupt.abort(new Error('Ctrl-C'));
    await settled;
    await until(async () => !(await runs(compiler)));
    expect(await cacheEntries(rig)).toEqual([]);
  });
});

const FIND_AND_TELL = 'tell(await local.findTemporalCli({ ...input, onProgress: () => {} }));';

async function runs(pid: number): Promise<boolean> {
  return (await findProcesses((found) => found.pid === pid)).length > 0;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await waitUntil(condition, { timeoutMs: 50_000 })).toBe(true);
}
