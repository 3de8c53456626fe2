import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { longtake } from '../cli/cli-process.js';
import { startDev, type Dev } from '../cli/dev-server.js';
import { runCommand } from '../deploy/run-command.js';
import { papers, type Paper } from './papers.js';
import { longtakeCalls } from './shell-calls.js';

vi.setConfig({ testTimeout: 240_000 });

function scriptsOf({ text }: Paper): string[] {
  // Blocks in lists are indented.
  return [...text.matchAll(/^( *)```(?:sh|bash|console)\n([\s\S]*?)^\1```$/gm)].map(([, , script = '']) => script);
}

const CALLS = papers.flatMap((paper) =>
  scriptsOf(paper).flatMap((script) =>
    longtakeCalls(script).map((words) => ({ path: paper.path, line: words.join(' '), words })),
  ),
);

/** Takes the words as the real command line would, and does nothing with them. @throws what it says is wrong */
async function parse(words: readonly string[]): Promise<void> {
  const program = createProgram().configureOutput({ writeErr: () => undefined });
  for (const command of program.commands)
    command.configureOutput({ writeErr: () => undefined }).action(() => undefined);
  await program.parseAsync(words, { from: 'user' });
}

describe('the shell lines of the papers', () => {
  it('are read as a shell reads them', () => {
    const script = `
# longtake comment
A=1 longtake generate "two words" --seed 3   # and why
npm ci && npm start -- x
docker compose exec worker longtake list | grep y
kubectl create secret generic longtake
longtake completion fish > ~/.config/fish/completions/longtake.fish
longtake \\
  status ID`;
    expect(longtakeCalls(script)).toEqual([
      ['generate', 'two words', '--seed', '3'],
      ['generate', '--local', 'x'],
      ['list'],
      ['completion', 'fish'],
      ['status', 'ID'],
    ]);
  });

  it.each([[['nothing']], [['list', '--state', 'lost']], [['status']], [['generate', 'x', '--duration', 'long']]])(
    'are refused by the command line where they are wrong: %j',
    async (words) => {
      await expect(parse(words)).rejects.toThrow();
    },
  );

  it.each(CALLS)('are taken by the command line: $line ($path)', async ({ words }) => {
    await parse(words);
  });
});

/** Services run until they are stopped: test/cli starts them. `--local` has test/cli/local.test.ts. */
const ELSEWHERE = ['worker', 'dev', 'simulate', 'codec-server', '--local'];

/** Where the paper says that it ends in another way. */
const ENDS: readonly (readonly [word: string, code: number])[] = [
  ['simulator/answer-lost', 5],
  ['0.10', 1], // the budget that is too small
];

describe('the shell lines of the papers, on a local stack', () => {
  let dev: Dev;
  let env: Record<string, string>;
  let jobId: string;

  beforeAll(async () => {
    dev = await startDev();
    const [, OPENROUTER_BASE_URL = ''] = await dev.process.says(/^ {2}provider {2}(\S+)$/m);
    env = { ...dev.env, OPENROUTER_BASE_URL, OPENROUTER_API_KEY: 'sk-or-simulated' };
    const quick = ['--poll-interval', '200ms', '--json'];
    const { stdout } = await run(['generate', 'x', '--id', 'done', ...quick]);
    ({ jobId } = (JSON.parse(stdout) as { readonly result: { readonly jobId: string } }).result);
    await run(['generate', 'x', '--id', 'waiting', '--model', 'simulator/slow', '--detach']);
  });
  afterAll(async () => {
    await dev.stop();
  });

  const run = (words: readonly string[]) => longtake(words, { cwd: dev.folder, env });

  function filledIn(words: readonly string[]): string[] {
    const id = words[0] === 'cancel' ? 'waiting' : 'done';
    const filled = words.map((word) => (word === 'ID' ? id : word.replace(/^gen-vid-[\w-]+$/, jobId)));
    return filled.includes('5m') ? [...filled, '--detach'] : filled; // nobody waits for that
  }

  const calls = new Map(CALLS.map((call) => [call.line, call]));
  const runnable = [...calls.values()].filter(({ words }) => !words.some((word) => ELSEWHERE.includes(word)));

  it('are more than a few', () => {
    expect(runnable.length).toBeGreaterThan(15);
  });

  it.each(runnable)('run: $line ($path)', async ({ words }) => {
    const expected = ENDS.find(([word]) => words.includes(word))?.[1] ?? 0;
    const { code, stdout, stderr } = await run(filledIn(words));
    expect(code, `${stdout}${stderr}`).toBe(expected);
  });

  const counts = papers.flatMap(({ text }) => [...text.matchAll(/^temporal workflow count --query '(.+)'$/gm)]);

  it.each(counts.map(([, query = '']) => query))('temporal workflow count: %s', (query) => {
    const args = ['workflow', 'count', '--address', dev.address, '--query', query];
    const { status, output } = runCommand(inject('temporalCli'), args);
    expect(status, output).toBe(0);
  });
});
