import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { DataDirectory } from './data-directory.js';
import { hostArguments, type HostOptions } from './host-command.js';
import { readHostFile, type HostFile } from './host-file.js';
import { logTail, openServerLog } from './server-log.js';
import { TemporalUnavailable } from './temporal-unavailable.js';

const START_WITHIN_MS = 30_000;

/**
 * Starts a host that outlives this process and that no terminal reaches; resolves when it takes users.
 * @throws TemporalUnavailable - it did not start, or its log cannot be written
 */
export async function startHost(directory: DataDirectory, options: HostOptions): Promise<HostFile> {
  const log = openLog(directory);
  const child = spawn(process.execPath, hostArguments(directory, options), {
    cwd: directory.path,
    detached: true,
    stdio: ['ignore', log, log],
    windowsHide: true,
  });
  closeSync(log);
  child.unref();
  const exited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const deadline = performance.now() + START_WITHIN_MS;
  while (!exited() && performance.now() < deadline) {
    const file = await readHostFile(directory.hostFile);
    if (file?.pid === child.pid && file !== null) return file;
    await delay(25);
  }
  throw await notStarted(directory);
}

function openLog({ log }: DataDirectory): number {
  try {
    return openServerLog(log);
  } catch (error) {
    throw new TemporalUnavailable(
      `The local Temporal server cannot write its log ${log} (${(error as Error).message}).\nMake the file writable, or move it away.`,
    );
  }
}

async function notStarted({ log }: DataDirectory): Promise<TemporalUnavailable> {
  return new TemporalUnavailable(
    `The process that keeps the local Temporal server did not start. The log ${log} ends with:\n${await logTail(log)}`,
  );
}
