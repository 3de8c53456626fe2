import { commandExists, runCommand, type CommandEnd } from './run-command.js';

/** Debian's package `prometheus` has both programs. On CI they are there, so that a check that does not run is a failure. */
export const withoutPrometheus =
  !(commandExists('promtool') && commandExists('prometheus')) && process.env.CI === undefined;

export function promtool(...args: string[]): CommandEnd {
  return runCommand('promtool', args);
}
