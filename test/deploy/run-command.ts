import { spawnSync } from 'node:child_process';

export interface CommandEnd {
  /** `null` when the command does not exist or was killed. */
  readonly status: number | null;
  /** Standard output and error, in this order. */
  readonly output: string;
}

/** Runs a command to its end. A command that does not exist is an answer too. */
export function runCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): CommandEnd {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  return { status, output: error === undefined ? stdout + stderr : error.message };
}

export function commandExists(command: string): boolean {
  return runCommand(command, ['--version']).status === 0;
}
