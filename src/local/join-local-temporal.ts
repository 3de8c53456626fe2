import { resolve } from 'node:path';

import { connectToHost, type HostConnection } from './control-client.js';
import type { ReadyMessage } from './control-protocol.js';
import { prepareDataDirectory, type DataDirectory } from './data-directory.js';
import { databaseArguments } from './dev-server.js';
import { withFileLock } from './file-lock.js';
import { readHostFile } from './host-file.js';
import { stopProcesses, type RunningProcess } from './process-table.js';
import { startHost } from './start-host.js';
import { TemporalUnavailable } from './temporal-unavailable.js';
import { USUAL_PORTS } from './usual-ports.js';

const DEFAULT_LINGER_MS = 1_000;
/** Longer than a host needs to stop its server. */
const HOST_STOP_MS = 15_000;
const SERVER_STOP_MS = 10_000;
const LOCK_TIMEOUT_MS = 120_000;
const ATTEMPTS = 5;

export interface JoinOptions {
  /** Holds the database, the log and what the processes know of each other. Created if need be. */
  readonly dataDir: string;
  /** From `findTemporalCli`. Only the process that starts the server uses it. */
  readonly cliPath: string;
  /** The server's port when it is free, and the UI's 1000 above; default 7233. Otherwise the OS chooses. */
  readonly preferredPort?: number | undefined;
  /** How long the server runs on after its last user has left, in milliseconds; default 1000. Counts for who starts it. */
  readonly lingerMs?: number | undefined;
  /** More arguments for `temporal server start-dev`. Count for who starts it. */
  readonly extraArgs?: readonly string[] | undefined;
  /** Told in plain lines what takes its time. */
  readonly onProgress: (line: string) => void;
  /** Called when nothing is left but to wait for the server, a second or so: the time for work that keeps this process busy. */
  readonly onWaiting?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A place at the server of one data directory. */
export interface LocalTemporal {
  /** `127.0.0.1:7233`. */
  readonly address: string;
  /** `http://127.0.0.1:8233`. */
  readonly uiUrl: string;
  /** Another process was there before. */
  readonly shared: boolean;
  /** Resolves if the server ends while we use it; never rejects, stays pending after `leave`. Runs are kept: join again. */
  readonly lost: Promise<Error>;
  /** The server stops soon after the last one has left. Safe to call twice. */
  leave(): Promise<void>;
}

/**
 * Joins the Temporal server of a data directory, and starts it if nobody has: one server for all processes, stopped
 * after the last, also when they are killed. What killed processes left behind is cleared away first.
 * @throws TemporalUnavailable - the directory cannot be written, or the server does not start; the signal's reason
 */
export async function joinLocalTemporal(options: JoinOptions): Promise<LocalTemporal> {
  const directory = await prepareDataDirectory(resolve(options.dataDir));
  const { onProgress, signal } = options;
  const onWait = (): void => {
    onProgress('another longtake process is starting the local Temporal server: waiting for it');
  };
  const connection = await withFileLock(directory.lock, { onWait, timeoutMs: LOCK_TIMEOUT_MS, signal }, () =>
    connectOrStart(directory, options),
  );
  options.onWaiting?.();
  const ready = await untilReady(connection, signal);
  connection.unref();
  return place(directory, connection, ready);
}

/** Under the lock: nobody else starts a host meanwhile. */
async function connectOrStart(directory: DataDirectory, options: JoinOptions): Promise<HostConnection> {
  const running = await readHostFile(directory.hostFile);
  const joined = running && (await connectToHost(running.control));
  if (joined !== null) return joined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    options.signal?.throwIfAborted();
    await clearRemains(directory, options.onProgress);
    const host = await startHost(directory, hostOptions(options));
    const connection = await connectToHost(host.control);
    if (connection !== null) return connection;
  }
  throw new TemporalUnavailable(
    `The local Temporal server in ${directory.path} does not answer. Its log is ${directory.log}.`,
  );
}

function hostOptions({
  cliPath,
  preferredPort = USUAL_PORTS.server,
  lingerMs = DEFAULT_LINGER_MS,
  extraArgs = [],
}: JoinOptions) {
  return { cliPath: resolve(cliPath), preferredPort, lingerMs, extraArgs };
}

/** A host that is just stopping is waited for; a host or server without the other is stopped. */
async function clearRemains(directory: DataDirectory, onProgress: (line: string) => void): Promise<void> {
  await stopProcesses((found) => isHostOf(directory, found), HOST_STOP_MS);
  const orphans = await stopProcesses((found) => isServerOf(directory, found), SERVER_STOP_MS);
  if (orphans.length > 0)
    onProgress(`stopped the Temporal server that a killed longtake left running (process ${orphans.join(', ')})`);
}

function isHostOf({ path }: DataDirectory, { commandLine }: RunningProcess): boolean {
  return commandLine.includes(`host.js --data-dir ${path} --options {`);
}

function isServerOf(directory: DataDirectory, { commandLine }: RunningProcess): boolean {
  return commandLine.includes(` server start-dev ${databaseArguments(directory).join(' ')} `);
}

async function untilReady(connection: HostConnection, signal: AbortSignal | undefined): Promise<ReadyMessage> {
  const leave = (): void => void connection.close();
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted === true) leave(); // while we waited for the lock or the host
  try {
    return await connection.ready;
  } catch (error) {
    signal?.throwIfAborted();
    throw new TemporalUnavailable((error as Error).message);
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

function place(directory: DataDirectory, connection: HostConnection, ready: ReadyMessage): LocalTemporal {
  let left = false;
  const lost = connection.ended.then(async (message) => {
    if (left) return await new Promise<never>(() => undefined);
    if (message !== null) return new Error(message);
    await stopProcesses((found) => found.pid === ready.temporalPid && isServerOf(directory, found), SERVER_STOP_MS);
    return new Error('The process that keeps the local Temporal server was killed, so the server was stopped.');
  });
  return {
    address: ready.address,
    uiUrl: ready.uiUrl,
    shared: connection.shared,
    lost,
    leave: async () => {
      left = true;
      await connection.close();
    },
  };
}
