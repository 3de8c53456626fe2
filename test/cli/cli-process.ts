import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** What node runs, with the words as its arguments. Default: the command line. */
  readonly program?: readonly string[];
  /** Files that take a stream in the test's place. */
  readonly to?: { readonly stdout?: string; readonly stderr?: string };
}

export interface CliEnd {
  /** `null`: a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `longtake` as a user runs it: a process of its own, without a terminal. */
export class CliProcess {
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #watchers: (() => void)[] = [];
  readonly ended: Promise<CliEnd>;

  constructor(args: readonly string[], { cwd, env = {}, input = '', program = [MAIN], to = {} }: CliOptions) {
    const files = [to.stdout, to.stderr].map((path) => (path === undefined ? 'pipe' : openSync(path, 'a')));
    this.#child = spawn(process.execPath, [...program, ...args], {
      cwd,
      env: { ...inherited(), ...env },
      stdio: ['pipe', ...files],
    });
    for (const file of files) if (typeof file === 'number') closeSync(file);
    this.#child.stdin?.on('error', () => undefined).end(input);
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
      this.#look();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#look();
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Waits until standard error has the words, and returns the match. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stderr);
      if (match !== null) return match;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`longtake ended without saying ${String(pattern)}:\n${this.#stderr}`);
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** As a reader such as `head` does that has seen enough. */
  stopReading(stream: 'stdout' | 'stderr'): void {
    this.#child[stream]?.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it, if it has not ended, as kindly as can be. */
  async stop(): Promise<void> {
    this.signal('SIGINT');
    const force = setTimeout(() => {
      this.signal('SIGKILL');
    }, 20_000);
    await this.ended;
    clearTimeout(force);
  }

  #look(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }
}

export async function longtake(args: readonly string[], options: CliOptions): Promise<CliEnd> {
  return await new CliProcess(args, options).ended;
}

/** A directory of its own for one test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-cli-'));
  onTestFinished(() => removeFolder(folder));
  return folder;
}

/** A local Temporal server runs on for a second after its last user. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}

/** Nothing of the surroundings' settings, except where the Temporal CLI is. */
export function inherited(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(OPENROUTER_|TEMPORAL_|LONGTAKE_|NODE_OPTIONS|npm_)/.test(name),
  );
  const cli = process.env['TEMPORAL_CLI_PATH'];
  return { ...Object.fromEntries(own), ...(cli === undefined ? {} : { TEMPORAL_CLI_PATH: cli }) };
}
