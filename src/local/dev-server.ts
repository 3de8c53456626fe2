import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { SEARCH_ATTRIBUTES } from '../contract/names.js';
import { databaseProblem } from './database-problem.js';
import type { DataDirectory } from './data-directory.js';
import { isServing } from './grpc-health.js';
import { freePorts, isFreePort } from './loopback-port.js';
import { beginDatabase, databaseServes } from './new-database.js';
import { logTail } from './server-log.js';

/** As a rule it takes 0.3 s; a big database on a busy machine gets time. */
const START_WITHIN_MS = 60_000;
/** A clean stop takes 1 to 3 s. */
const STOP_WITHIN_MS = 10_000;
/** Ports can be lost to others between the look and the bind. */
const PORT_ATTEMPTS = 5;
/** The UI sits this far above the server, as it does in Temporal's own dev server. */
const UI_OFFSET = 1_000;

export interface DevServerOptions {
  readonly directory: DataDirectory;
  readonly cliPath: string;
  /** Tried first; `null`: the OS chooses. */
  readonly preferredPort: number | null;
  /** After longtake's own, so that they win. */
  readonly extraArgs: readonly string[];
}

/** A running `temporal server start-dev`. Its output goes where ours goes: to the server's log. */
export interface DevServer {
  readonly pid: number;
  readonly address: string;
  readonly uiUrl: string;
  /** Resolves when it has ended, with what a user should know: that it did, and the end of its log. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Resolves once the server answers.
 * @throws Error - why it does not start, with the end of its log; the signal's reason, once nothing runs
 */
export async function startDevServer(options: DevServerOptions, signal: AbortSignal): Promise<DevServer> {
  const { log, database } = options.directory;
  for (let attempt = 1; ; attempt++) {
    const logStart = statSync(log).size;
    await beginDatabase(database);
    const [port, uiPort] = await choosePorts(attempt === 1 ? options.preferredPort : null);
    const child = spawn(options.cliPath, serverArguments(options, port, uiPort), {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const exited = exitOf(child);
    if ((await untilServing(child, port, signal)) && child.pid !== undefined) {
      await databaseServes(database);
      return devServer(child, child.pid, { port, uiPort, exited, options });
    }
    await stop(child, exited);
    signal.throwIfAborted();
    const tail = await logTail(log, logStart);
    if (attempt < PORT_ATTEMPTS && /address already in use|only one usage of each socket address/i.test(tail)) continue;
    const ending = `The local Temporal server did not start (${await exited}). Its log ${log} ends with:\n${tail}`;
    throw new Error((await databaseProblem(database, tail)) ?? ending);
  }
}

async function choosePorts(preferred: number | null): Promise<readonly [number, number]> {
  const [free, freeUi] = await freePorts();
  if (preferred === null || !(await isFreePort(preferred))) return [free, freeUi];
  return [preferred, (await isFreePort(preferred + UI_OFFSET)) ? preferred + UI_OFFSET : freeUi];
}

function serverArguments({ directory, extraArgs }: DevServerOptions, port: number, uiPort: number): string[] {
  return [
    ...['server', 'start-dev', ...databaseArguments(directory)],
    ...['--port', String(port), '--ui-port', String(uiPort), '--log-level', 'error'],
    // Short timers fire up to 0.9 s late otherwise.
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    ...['--dynamic-config-value', 'frontend.enableServerVersionCheck=false'],
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...extraArgs,
  ];
}

/** A server of this directory is told by these, in this order. */
export function databaseArguments({ database }: DataDirectory): string[] {
  return ['--db-filename', database, '--ip', '127.0.0.1'];
}

async function untilServing(child: ChildProcess, port: number, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + START_WITHIN_MS;
  while (isRunning(child) && !signal.aborted && performance.now() < deadline) {
    if (await isServing(port)) return isRunning(child);
    await delay(50);
  }
  return false;
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** Resolves with how it ended, in words. */
async function exitOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? `exit code ${String(code)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(force);
}

function devServer(
  child: ChildProcess,
  pid: number,
  {
    port,
    uiPort,
    exited,
    options,
  }: { port: number; uiPort: number; exited: Promise<string>; options: DevServerOptions },
): DevServer {
  const { log } = options.directory;
  return {
    pid,
    address: `127.0.0.1:${port}`,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    ended: exited.then(
      async (how) =>
        `The local Temporal server stopped by itself (${how}). Its log ${log} ends with:\n${await logTail(log)}`,
    ),
    stop: () => stop(child, exited),
  };
}
