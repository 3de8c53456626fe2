import { inPlainWords } from '../contract/issue-words.js';
import { DEFAULT_POLLING } from '../contract/limits.js';
import { defaultOutputKey, outputKeyProblem } from '../contract/output-key.js';
import { runIdProblem } from '../contract/run-id.js';
import { describeIssues, durationMs, isDuration, generateVideoInput } from '../contract/schemas.js';
import type { GenerateVideoInput } from '../contract/types.js';
import { usageError } from './errors.js';
import { warn } from './output.js';
import type { RunFlags } from './run-flags.js';

/** What `generate` and `adopt` fill in alike. */
export function runOptions(flags: RunFlags): Omit<GenerateVideoInput, 'request' | 'jobId'> {
  return {
    ...(flags.output === undefined ? {} : { output: flags.output }),
    ...(flags.overwrite === undefined ? {} : { overwrite: flags.overwrite }),
    ...(flags.onCancel === undefined ? {} : { onCancel: flags.onCancel }),
    ...(flags.tenant === undefined ? {} : { tenant: givenTenant(flags.tenant) }),
    ...pollingOf(flags),
  };
}

function givenTenant(tenant: string): string {
  if (tenant === '') throw usageError('--tenant is empty. Say whom the run is for, or leave --tenant out.');
  return tenant;
}

/** Whoever gives a time means the time: the number of polls must not end the wait before it. */
const UNBOUNDED_ATTEMPTS = 1_000_000;

/** An answer takes as long; what asks more often only asks. */
const SHORTEST_POLL_INTERVAL_MS = 100;

function pollingOf({ timeout, pollInterval }: RunFlags): Pick<GenerateVideoInput, 'polling'> {
  if (timeout === undefined && pollInterval === undefined) return {};
  const polling: NonNullable<GenerateVideoInput['polling']> = {};
  if (timeout !== undefined) {
    polling.timeout = durationFlag('--timeout', timeout);
    polling.maximumAttempts = UNBOUNDED_ATTEMPTS;
  }
  if (pollInterval !== undefined) {
    polling.initialInterval = durationFlag('--poll-interval', pollInterval);
    if (durationMs(pollInterval) < SHORTEST_POLL_INTERVAL_MS) {
      throw usageError(
        `--poll-interval must be at least ${SHORTEST_POLL_INTERVAL_MS}ms, not "${pollInterval}". OpenRouter asks for 10s to 30s.`,
      );
    }
    if (durationMs(pollInterval) > durationMs(DEFAULT_POLLING.maximumInterval)) polling.maximumInterval = pollInterval;
  }
  return { polling };
}

/** A job that is adopted is looked at at once. */
export function warnOfOneLook({ pollInterval, timeout = DEFAULT_POLLING.timeout }: RunFlags): void {
  if (pollInterval === undefined || durationMs(pollInterval) < durationMs(timeout)) return;
  warn(
    `The run looks once, after ${timeout}, when it gives up: --poll-interval ${pollInterval} is not shorter than --timeout.`,
  );
}

/** @throws CliError that names the flag */
export function durationFlag(name: string, text: string): string {
  if (isDuration(text)) return text;
  throw usageError(
    `${name} must be a duration with its unit, such as 500ms, 10s or 30m, above zero and at most ten years, not "${text}".`,
  );
}

/** Everything that can be known without asking anybody. @throws CliError that names the flag, where one gave the value */
export function checkInput(input: GenerateVideoInput, flags: RunFlags): void {
  const parsed = generateVideoInput.safeParse(input, { error: inPlainWords });
  if (!parsed.success)
    throw usageError(`The input is wrong: ${describeIssues(parsed.error, (path) => nameOf(path, flags))}.`);
}

function nameOf(path: readonly string[], flags: RunFlags): string {
  const field = path.at(-1) ?? '';
  const isFlag = field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) in flags;
  return isFlag ? `--${field.replaceAll('_', '-')}` : `${path.join('.')}:`;
}

/** @throws CliError */
export function checkId(id: string, output: string | undefined): void {
  const problem = runIdProblem(id);
  if (problem !== null) throw usageError(`--id ${problem}. Give the run another name, or leave --id out.`);
  if (/[\p{Cc}]/u.test(id)) throw usageError('--id must be a name without control characters.');
  const fileProblem = output === undefined ? outputKeyProblem(defaultOutputKey(id)) : null;
  if (fileProblem !== null) {
    throw usageError(`No file can be named after this --id (${fileProblem}). Give another one, or --output KEY.`);
  }
}
