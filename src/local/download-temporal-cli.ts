import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { compiledEntry } from './compiled-entry.js';
import { runInGroup } from './run-in-group.js';

/** A download site that has not sent anything for so long is not going to. */
export const DOWNLOAD_IDLE_MS = 30_000;

export interface DownloadOptions {
  /** Of the downloading process, for its proxy settings. Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has the Temporal SDK download its dev server below `staging`, and resolves with the file.
 * @throws Error - why there is none; the signal's reason
 */
export async function downloadTemporalCli(staging: string, { env, idleMs, signal }: DownloadOptions): Promise<string> {
  const directory = join(staging, 'download');
  await mkdir(directory);
  const idle = new AbortController();
  const stopWatching = whenIdle(directory, idleMs, () => {
    idle.abort(new Error(`no answer within ${idleMs / 1_000} s`));
  });
  try {
    const { output } = await runInGroup(process.execPath, [compiledEntry('sdk-download'), directory], {
      env,
      signal: signal === undefined ? idle.signal : AbortSignal.any([signal, idle.signal]),
    });
    const file = (await readdir(directory)).find((name) => !name.endsWith('.downloading'));
    if (file === undefined) throw new Error(reasonIn(output));
    return join(directory, file);
  } finally {
    stopWatching();
  }
}

/** Calls `then` when nothing in the directory has grown for `idleMs`. */
function whenIdle(directory: string, idleMs: number, then: () => void): () => void {
  let bytes = 0;
  let idleSince = performance.now();
  const look = async (): Promise<void> => {
    const size = await totalBytes(directory);
    if (size !== bytes) idleSince = performance.now();
    bytes = size;
    if (performance.now() - idleSince >= idleMs) then();
  };
  const timer = setInterval(() => void look(), Math.min(1_000, idleMs));
  return () => {
    clearInterval(timer);
  };
}

async function totalBytes(directory: string): Promise<number> {
  try {
    const files = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
    return files.reduce((sum, { size }) => sum + size, 0);
  } catch {
    return 0; // a file was renamed meanwhile: the next look counts it
  }
}

/** The SDK's message names every layer; the last two say what happened. */
function reasonIn(output: string): string {
  const lastLine = output.split('\n').at(-1) ?? '';
  return lastLine.split(': ').slice(-2).join(': ') || 'the download left no file';
}
