import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { executableName, executablesOnPath } from './executable.js';
import { runInGroup } from './run-in-group.js';

const run = promisify(execFile);

/** The newest release that `go install` accepts: later ones carry `replace` lines. */
export const TEMPORAL_CLI_VERSION = 'v1.5.1';
const MODULE = `github.com/temporalio/cli/cmd/temporal@${TEMPORAL_CLI_VERSION}`;
const PROGRESS_EVERY_MS = 15_000;

export interface BuildOptions {
  /** `PATH`, where `go` is looked for. */
  readonly searchPath: string;
  /** What Go runs in, beside `PATH` and the home directory. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds the Temporal CLI from its Go module below `staging`, and resolves with the file.
 * @throws Error - why there is none; the signal's reason
 */
export async function buildTemporalCli(staging: string, options: BuildOptions): Promise<string> {
  const { searchPath, onProgress, signal } = options;
  const go = await findGo(searchPath, signal);
  const directory = join(staging, 'build');
  await mkdir(directory);
  onProgress(
    `building the Temporal CLI ${TEMPORAL_CLI_VERSION} with ${go.version}: about four minutes on two cores, once`,
  );
  const stopTelling = tellElapsed(onProgress);
  try {
    // -C puts the directory into the command line: by it a sweep recognises a build whose longtake was killed.
    const { code, output } = await runInGroup(go.path, ['install', '-C', directory, MODULE], {
      env: buildEnvironment(options, directory),
      signal,
    });
    if (code !== 0) throw new Error(`go install failed: ${output.split('\n').slice(-2).join(' ')}`);
    return join(directory, executableName('temporal'));
  } finally {
    stopTelling();
  }
}

/** Go 1.21 and later may fetch the newer toolchain that the module asks for; whether it may is for Go to say. */
async function findGo(searchPath: string, signal?: AbortSignal): Promise<{ path: string; version: string }> {
  const [path] = await executablesOnPath('go', searchPath);
  if (path === undefined) throw new Error('there is no go on PATH');
  const { stdout } = await run(path, ['version'], { timeout: 30_000, signal });
  const [version = '', minor = '0'] = /go1\.(\d+)\S*/.exec(stdout) ?? [];
  if (Number(minor) < 21) throw new Error(`${path} is ${version || 'of an unknown version'}, older than Go 1.25`);
  return { path, version };
}

function buildEnvironment({ searchPath, env }: BuildOptions, target: string): NodeJS.ProcessEnv {
  const home = { HOME: homedir(), USERPROFILE: homedir() };
  // GOOS and GOARCH would make it a program for another machine.
  return { ...home, ...env, PATH: searchPath, GOBIN: target, GOOS: undefined, GOARCH: undefined };
}

function tellElapsed(onProgress: (line: string) => void): () => void {
  const start = performance.now();
  const timer = setInterval(() => {
    onProgress(`still building the Temporal CLI: ${Math.round((performance.now() - start) / 1_000)} s`);
  }, PROGRESS_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
