import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGo } from '../support/go.js';
import { CLIP, completed, job } from '../support/provider.js';
import { pythonWithTemporal } from '../support/python.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { papers, readPaper, ROOT } from './papers.js';

const TYPESCRIPT = 'examples/typescript/generate.ts';
const START_FROM = 'docs/how-to/start-from-another-language.md';
const PYTHON = ['generate', 'follow', 'cancel'].map((name) => `examples/python/${name}.py`);

/** With a price, so that the examples' budgets can be held. */
const MODELS = ['google/veo-3.1-lite', 'test/model'].map((id) => ({
  id,
  pricing_skus: { duration_seconds_without_audio: '0.03', duration_seconds_with_audio: '0.05' },
}));
/** The examples poll as services do: ten seconds after the submit for the first time. */
const PATIENCE_MS = 60_000;

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What the compiler says to a source as if it lay in the repository's root, in the project's own strictness. */
function typeErrors(source: string): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const checked: ts.CompilerOptions = { ...options, rootDir: ROOT, noEmit: true };
  const host = ts.createCompilerHost(checked);
  const name = join(ROOT, 'example-of-a-paper.ts');
  const withSource: ts.CompilerHost = {
    ...host,
    fileExists: (path) => path === name || host.fileExists(path),
    readFile: (path) => (path === name ? source : host.readFile(path)),
    getSourceFile: (path, version) =>
      path === name ? ts.createSourceFile(path, source, version) : host.getSourceFile(path, version),
  };
  const program = ts.createProgram([name], checked, withSource);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the README', () => {
  const { blocks } = readPaper('README.md');

  it.each([
    ['ts', TYPESCRIPT],
    ['python', 'examples/python/generate.py'],
  ])('shows in %s exactly %s', (language, path) => {
    expect(blocks.filter((block) => block.language === language).map((block) => block.text)).toEqual([read(path)]);
  });
});

/** For those who change longtake itself: it is compiled among the sources. */
const ADD_A_STORAGE = 'docs/how-to/add-a-storage.md';

it(`${ADD_A_STORAGE} shows a test that is run`, () => {
  const shown = readPaper(ADD_A_STORAGE).blocks.filter(({ language }) => language === 'ts');
  expect(shown.map(({ text }) => text)).toEqual([read('test/conformance/memory-store.test.ts')]);
});

describe('TypeScript in the papers', () => {
  const sources = papers
    .filter(({ path }) => path !== ADD_A_STORAGE)
    .flatMap(({ path, blocks }) =>
      blocks.filter(({ language }) => language === 'ts').map((block) => [path, block.text] as const),
    );

  it.each(sources)('type-checks against the package as it is published: %s', (_path, source) => {
    expect(typeErrors(source)).toEqual([]);
    expect(typeErrors(`${source}\nawait longtake.start({ prompt: 1 });`)).not.toEqual([]);
  });
});

describe('the examples', () => {
  let rig: Rig;
  let python: string;
  let go: string;

  beforeAll(async () => {
    python = await pythonWithTemporal();
    go = await buildGo(join(ROOT, 'examples/go'));
    rig = await startRig({
      script: {
        models: () => ({ body: { data: MODELS } }),
        poll: ({ jobId }) => (jobId === 'gone-wrong' ? job(jobId, 'failed', { error: 'no' }) : completed(jobId)),
      },
    });
  });
  afterAll(async () => {
    await rig.stop();
    await rm(dirname(go), { recursive: true });
  });

  /** Output and exit code of an example, run from the repository's root as a user would. */
  async function run(
    command: string,
    ...words: string[]
  ): Promise<{ readonly code: unknown; readonly output: string; readonly complaint: string }> {
    const child = spawn(command, words, {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: homedir(), ...rig.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, complaint, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[unknown]>,
    ]);
    return { code, output, complaint };
  }

  /** As the paper says, on the oldest Node as well. */
  function runTypeScript(id: string) {
    const [, script = ''] = /^node (--input-type.+)$/m.exec(readPaper(START_FROM).text) ?? [];
    return run('sh', '-c', `"${process.execPath}" ${script.replace('from-typescript', id)}`);
  }

  const [generate = '', follow = '', cancel = ''] = PYTHON;

  it('save a video from any language, and pay once for each id', { timeout: PATIENCE_MS }, async () => {
    const first = await Promise.all([
      runTypeScript('from-ts'),
      run(python, generate, 'from-python'),
      run(go, 'generate', 'from-go'),
    ]);
    const again = await Promise.all([
      runTypeScript('from-python'),
      run(python, generate, 'from-go'),
      run(go, 'generate', 'from-ts'),
    ]);
    for (const { code, output, complaint } of [...first, ...again]) {
      expect(output, complaint).toMatch(/^file:\/\/.+\.mp4 [0-9a-f]{64}\ncost: \$?0\.12\n$/);
      expect(code).toBe(0);
    }
    expect(rig.provider.submits).toHaveLength(3);
    expect(readFileSync(join(rig.storage, 'from-python.mp4'))).toEqual(CLIP);
  });

  const starts = [
    ['TypeScript', runTypeScript],
    ['Python', (id: string) => run(python, generate, id)],
    ['Go', (id: string) => run(go, 'generate', id)],
  ] as const;
  /** The client for TypeScript says it in the message alone. */
  const billed = (language: string, word: string) => (language === 'TypeScript' ? '' : `billed: ${word}\n`);

  it.each(starts)('say in %s why a run failed, of which job, and whether it is billed', async (language, start) => {
    const id = `fails-for-${language}`;
    const handle = await rig.start({ jobId: 'gone-wrong' }, id);
    await expect(handle.result()).rejects.toMatchObject({ type: 'VideoFailed' });
    const { code, output, complaint } = await start(id);
    expect(complaint).toMatch(/^VideoFailed: .*gone-wrong.* See docs\/errors\/video-failed\.md\./);
    expect(complaint.split('\n').slice(1).join('\n')).toMatch(
      new RegExp(`^${billed(language, 'maybe')}job: gone-wrong\n(cost: (None|not known)\n)?$`),
    );
    expect({ code, output }).toEqual({ code: 1, output: '' });
  });

  it.each(starts)('say in %s which job of a cancelled run goes on', async (language, start) => {
    const id = `cancelled-for-${language}`;
    const handle = await rig.start({ polling: { initialInterval: '1h' } }, id);
    const { jobId } = await until(handle, ({ state }) => state === 'generating');
    const waiting = start(id);
    await handle.cancel('not needed');
    const { code, output, complaint } = await waiting;
    expect(complaint).toMatch(
      new RegExp(
        `^Cancelled: The run was cancelled: not needed\\. Job ${jobId} goes on at the provider and may be billed\\..+: longtake adopt ${jobId}\njob: ${jobId}\n(cost: (None|not known)\n)?$`,
      ),
    );
    expect({ code, output }).toEqual({ code: 1, output: '' });
  });

  it.each(starts)('say in %s that a terminated run may have a job that is billed', async (language, start) => {
    const id = `terminated-for-${language}`;
    const handle = await rig.start({ polling: { initialInterval: '1h' } }, id);
    const { jobId } = await until(handle, ({ state }) => state === 'generating');
    await rig.temporal.workflow.getHandle(id).terminate('by hand');
    const { code, complaint } = await start(id);
    expect(complaint).toMatch(new RegExp(`may still be billed\\.(.|\n)*^job: ${jobId}$`, 'm'));
    expect(complaint).not.toMatch(/Traceback|^ +at |panic/m);
    expect(code).toBe(1);
  });

  it.each([
    ['Python', (id: string) => run(python, follow, id), (...words: string[]) => run(python, cancel, ...words), 3],
    ['Go', (id: string) => run(go, 'follow', id), (...words: string[]) => run(go, 'cancel', ...words), 0],
  ])('follow and cancel a run from %s', async (language, followRun, cancelRun, followCode) => {
    const id = `waits-for-${language}`;
    const handle = await rig.start({ polling: { initialInterval: '1h' } }, id);
    await until(handle, ({ state }) => state === 'generating');
    const following = followRun(id);
    expect(await cancelRun(id, 'not needed')).toMatchObject({ code: 0 });
    const { code, output } = await following;
    expect(output).toContain('Cancelled: The run was cancelled: not needed.');
    expect(code).toBe(followCode);
  });

  it('say in one line that Temporal is not there', async () => {
    const nobody = 'TEMPORAL_ADDRESS=127.0.0.1:1';
    const [, script = ''] = /^node (--input-type.+)$/m.exec(readPaper(START_FROM).text) ?? [];
    const ends = await Promise.all([
      run('sh', '-c', `${nobody} "${process.execPath}" ${script}`),
      run('env', nobody, go, 'generate', 'x'),
      run('env', nobody, python, generate, 'x'),
      run('env', nobody, python, follow, 'x'),
      run('env', nobody, python, cancel, 'x'),
    ]);
    for (const { code, output, complaint } of ends) {
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(complaint).toMatch(/^.*127\.0\.0\.1:1.*\n$/);
    }
  });

  it('say in one line what is wrong in Python', async () => {
    const ends = await Promise.all([
      run(python, cancel),
      run(python, follow),
      run(python, cancel, 'nobody'),
      run(python, follow, 'nobody'),
    ]);
    expect(ends.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    expect(ends.map(({ complaint }) => complaint)).toEqual([
      'usage: python cancel.py ID [REASON]\n',
      'usage: python follow.py ID\n',
      expect.stringMatching(/^nobody cannot be cancelled: .+\n$/),
      expect.stringMatching(/^nobody cannot be followed: .+\n$/),
    ]);
  });
});
