import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { waitUntil } from './wait-until.js';

const run = promisify(execFile);

export interface RunningProcess {
  readonly pid: number;
  /** Program and arguments, joined by single spaces. */
  readonly commandLine: string;
}

/**
 * Every process this user may see, zombies left out. A process is told by its command line, never by a remembered pid
 * alone: pids are reused.
 */
export async function runningProcesses(): Promise<RunningProcess[]> {
  if (process.platform === 'linux') return await fromProc();
  return process.platform === 'win32' ? await fromPowerShell() : await fromPs();
}

export async function findProcesses(matches: (found: RunningProcess) => boolean): Promise<number[]> {
  return (await runningProcesses())
    .filter((found) => found.pid !== process.pid && matches(found))
    .map(({ pid }) => pid);
}

/** SIGTERM, and SIGKILL for what is still there after `graceMs`. Resolves with the pids once they are gone. */
export async function stopProcesses(
  matches: (found: RunningProcess) => boolean,
  graceMs: number,
): Promise<readonly number[]> {
  const pids = await findProcesses(matches);
  if (pids.length === 0) return [];
  const gone = async (): Promise<boolean> =>
    (await findProcesses((found) => pids.includes(found.pid) && matches(found))).length === 0;
  sendSignal(pids, 'SIGTERM');
  if (await waitUntil(gone, { timeoutMs: graceMs })) return pids;
  sendSignal(await findProcesses((found) => pids.includes(found.pid) && matches(found)), 'SIGKILL');
  await waitUntil(gone, { timeoutMs: 5_000 });
  return pids;
}

function sendSignal(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself, or is not ours to stop.
    }
  }
}

async function fromProc(): Promise<RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), commandLine: raw.split('\0').join(' ').trim() };
    }),
  );
  return found.filter(({ commandLine }) => commandLine !== '');
}

async function fromPs(): Promise<RunningProcess[]> {
  // A UTF-8 locale, or ps writes letters outside ASCII in octal and no path would be recognised.
  const { stdout } = await run('/bin/ps', ['-axww', '-o', 'pid=,stat=,command='], {
    env: { LC_ALL: 'en_US.UTF-8' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, state, commandLine] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || commandLine === undefined || state?.startsWith('Z') === true) return [];
    return [{ pid: Number(pid), commandLine }];
  });
}

async function fromPowerShell(): Promise<RunningProcess[]> {
  const script =
    '[Console]::OutputEncoding = [Text.Encoding]::UTF8; ' +
    'Get-CimInstance Win32_Process | ForEach-Object { "$($_.ProcessId) $($_.CommandLine)" }';
  const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split(/\r?\n/).flatMap((line) => {
    const [, pid, commandLine] = /^(\d+) (.+)$/.exec(line) ?? [];
    return pid === undefined || commandLine === undefined
      ? []
      : [{ pid: Number(pid), commandLine: unquoted(commandLine) }];
  });
}

/** Windows keeps one string, with quotes around arguments that hold spaces. */
function unquoted(commandLine: string): string {
  return commandLine.replaceAll('"', '');
}
