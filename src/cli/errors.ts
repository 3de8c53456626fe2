import { shellWord } from '../contract/commands.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Ends a command. The message is one or two lines that say what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Wrong usage or input: nothing was started. */
export function usageError(message: string): CliError {
  return new CliError(EXIT.usage, message);
}

/** By name, so that telling errors apart loads none of the modules that throw them. */
const EXIT_BY_NAME: Readonly<Record<string, ExitCode>> = {
  ConfigError: EXIT.usage,
  MissingApiKey: EXIT.usage,
  NamespaceNotFoundError: EXIT.usage,
  /** Here it is about the place as such; a run's own trouble with it is the run's failure. */
  StorageError: EXIT.usage,
  TemporalUnavailable: EXIT.unreachable,
};

const EXIT_BY_TYPE: Readonly<Record<string, ExitCode>> = {
  // Thrown, it is the client's own check; a run that finds its request wrong ends as failed.
  InvalidRequest: EXIT.usage,
  TemporalUnreachable: EXIT.unreachable,
  // The configuration lacks the key.
  Undecryptable: EXIT.usage,
};

/** What was recorded is encrypted with a key that is not set here. */
export function isUndecryptable(error: unknown): error is Error {
  return error instanceof Error && 'type' in error && error.type === 'Undecryptable';
}

/** Temporal may have taken a start all the same. Of a start alone: other calls are unreachable as well. */
export function isStartInDoubt(error: unknown): error is Error {
  return (
    error instanceof Error && 'type' in error && ['TemporalUnreachable', 'StartUnknown'].includes(String(error.type))
  );
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (!(error instanceof Error)) return EXIT.failed;
  if (error.name === 'LongtakeError' && 'type' in error) return EXIT_BY_TYPE[String(error.type)] ?? EXIT.failed;
  return EXIT_BY_NAME[error.name] ?? EXIT.failed;
}

const EXPECTED = new Set(['CliError', 'LongtakeError', ...Object.keys(EXIT_BY_NAME)]);

/** What a user is told. With `debug` the stack as well, and what caused the error. */
export function explain(error: unknown, debug: boolean): string {
  const text = sentence(error);
  if (!(error instanceof Error)) return text;
  if (debug) return `${text}\n${stacks(error)}`;
  return EXPECTED.has(error.name) ? text : `${text}\nThis was not expected. To see where it happened, add --debug.`;
}

/** What an error says, without what of it is for developers. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'NamespaceNotFoundError') {
    return noNamespace('namespace' in error ? String(error.namespace) : 'NAME');
  }
  // gRPC keeps the useful words one level down.
  const inner = error.name === 'ServiceError' && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${inner}`;
}

export function noNamespace(namespace: string): string {
  return `There is no namespace ${namespace}. Is TEMPORAL_NAMESPACE right? To create it: temporal operator namespace create --retention 720h -n ${shellWord(namespace)}`;
}

function stacks(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${stacks(error.cause)}` : own;
}
