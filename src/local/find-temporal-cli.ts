import { mkdir } from 'node:fs/promises';

import { buildTemporalCli } from './build-temporal-cli.js';
import { cacheDirectory } from './cache-directory.js';
import { cliCache, keep, type CliCache } from './cached-temporal-cli.js';
import { temporalCliProblem } from './check-temporal-cli.js';
import { DOWNLOAD_IDLE_MS, downloadTemporalCli } from './download-temporal-cli.js';
import { executablesOnPath, isExecutable } from './executable.js';
import { withFileLock } from './file-lock.js';
import { inStaging, sweepStaging } from './staging.js';
import { TemporalUnavailable } from './temporal-unavailable.js';

/** Another process may be building; on a slow machine that takes long. */
const LOCK_TIMEOUT_MS = 30 * 60_000;

export interface FindTemporalCliOptions {
  /** `TEMPORAL_CLI_PATH`: this one or none. */
  readonly cliPath?: string | undefined;
  /** `PATH`, where `temporal` and `go` are looked for. Default: nowhere. */
  readonly searchPath?: string | undefined;
  /** Default: that of `cacheDirectory()`. */
  readonly cacheDir?: string | undefined;
  /** What the download and Go run in (proxies, `GOPROXY`, …). */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** How long the download site may keep silent, in milliseconds. Default: 30 000. */
  readonly downloadIdleMs?: number | undefined;
  /** Told in plain lines what takes its time or is passed over. */
  readonly onProgress: (line: string) => void;
  /** Stops a download or a build with everything it started. */
  readonly signal?: AbortSignal | undefined;
}

export interface TemporalCli {
  readonly path: string;
  readonly source: 'configured' | 'path' | 'cache' | 'download' | 'build';
}

/**
 * A Temporal CLI that runs: the configured one, one on PATH, the one kept from an earlier time, the Temporal SDK's
 * download, or a build from the Go module, in this order. The last two are kept in the cache, and are safe against other
 * processes doing the same and against being killed.
 * @throws TemporalUnavailable - there is none; the signal's reason
 */
export async function findTemporalCli(options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { cliPath, signal } = options;
  signal?.throwIfAborted();
  if (cliPath !== undefined) return await configuredCli(cliPath, signal);
  const cache = cliCache(options.cacheDir ?? cacheDirectory());
  return (await cliOnPath(options)) ?? (await cachedCli(cache, options)) ?? (await obtainCli(cache, options));
}

async function configuredCli(path: string, signal?: AbortSignal): Promise<TemporalCli> {
  const problem = await temporalCliProblem(path, signal);
  if (problem === null) return { path, source: 'configured' };
  throw new TemporalUnavailable(
    `TEMPORAL_CLI_PATH is ${path}, but ${problem}.\nSet it to a Temporal CLI executable, or unset it.`,
  );
}

async function cliOnPath({ searchPath = '', onProgress, signal }: FindTemporalCliOptions): Promise<TemporalCli | null> {
  for (const path of await executablesOnPath('temporal', searchPath)) {
    const problem = await temporalCliProblem(path, signal);
    if (problem === null) return { path, source: 'path' };
    onProgress(`passing over ${path}: ${problem}`);
  }
  return null;
}

async function cachedCli(
  { file }: CliCache,
  { onProgress, signal }: FindTemporalCliOptions,
): Promise<TemporalCli | null> {
  if (!(await isExecutable(file))) return null;
  const problem = await temporalCliProblem(file, signal);
  if (problem === null) return { path: file, source: 'cache' };
  onProgress(`replacing ${file}: ${problem}`);
  return null;
}

async function obtainCli(cache: CliCache, options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { onProgress, signal } = options;
  await prepare(cache);
  const onWait = (): void => {
    onProgress('another longtake process is getting the Temporal CLI: waiting for it');
  };
  return await withFileLock(cache.lock, { onWait, timeoutMs: LOCK_TIMEOUT_MS, signal }, async () => {
    const cached = await cachedCli(cache, { ...options, onProgress: () => undefined }); // the one we waited for
    if (cached !== null) return cached;
    await sweepStaging(cache.directory);
    return await inStaging(cache.directory, (staging) => downloadOrBuild(staging, cache, options));
  });
}

async function prepare({ directory }: CliCache): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw unavailable([`the cache ${directory} cannot be written (${messageOf(error)})`]);
  }
}

async function downloadOrBuild(
  staging: string,
  cache: CliCache,
  options: FindTemporalCliOptions,
): Promise<TemporalCli> {
  const { searchPath = '', env, onProgress, signal, downloadIdleMs: idleMs = DOWNLOAD_IDLE_MS } = options;
  const failures = ['there is no temporal on PATH'];
  onProgress('downloading the Temporal CLI');
  try {
    const file = await downloadTemporalCli(staging, { env, idleMs, signal });
    return { path: await keep(cache, file, signal), source: 'download' };
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`the download failed (${messageOf(error)})`);
    onProgress(`the download of the Temporal CLI failed: ${messageOf(error)}`);
  }
  try {
    const file = await buildTemporalCli(staging, { searchPath, env, onProgress, signal });
    return { path: await keep(cache, file, signal), source: 'build' };
  } catch (error) {
    signal?.throwIfAborted();
    failures.push(`the build failed (${messageOf(error)})`);
    throw unavailable(failures);
  }
}

function unavailable(failures: readonly string[]): TemporalUnavailable {
  return new TemporalUnavailable(
    `There is no Temporal server to run on: ${failures.join('; ')}.\n` +
      'Install the Temporal CLI (brew install temporal, or docs.temporal.io/cli) or Go 1.25 or newer; ' +
      'or set TEMPORAL_CLI_PATH to a temporal executable, or TEMPORAL_ADDRESS to a running server.',
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
