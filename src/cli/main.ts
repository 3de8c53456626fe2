#!/usr/bin/env node
import module from 'node:module';
import { outliveBrokenOutput } from './broken-output.js';
import { exitCodeOf, explain } from './errors.js';
import { EXIT } from './exit-codes.js';
import { complain } from './output.js';
import { createProgram } from './program.js';
import { CommanderError } from './typed-commander.js';

// A sixth less to start, where Node has it (22.8 and newer): commands load what they need after this.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

// Which Node a later release of a library will want is no news for who reads our output, or a worker's log.
// eslint-disable-next-line no-restricted-properties -- told, not asked
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// Nor what Node thinks of how libraries use it. `--trace-deprecation` tells.
process.noDeprecation ??= true;

const program = createProgram();

/** Connections and the native core need a moment to close; one that does not must not keep the process. */
const EXIT_WITHIN_MS = 3_000;

outliveBrokenOutput();
process.on('uncaughtException', (error) => {
  if (!isLateRetry(error)) end(error);
});
process.on('unhandledRejection', end);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else fail(error);
}
// Where Temporal was not reached nothing is left to close, and gRPC would still count down its time.
setTimeout(() => process.exit(), process.exitCode === EXIT.unreachable ? 0 : EXIT_WITHIN_MS).unref();

/** A call that was given up may still wait for its next attempt when we close its connection: gRPC then throws from a timer. */
function isLateRetry({ message }: Error): boolean {
  return message === 'Channel has been shut down';
}

function fail(error: unknown): void {
  complain(explain(error, program.opts().debug === true));
  process.exitCode = exitCodeOf(error);
}

function end(error: unknown): void {
  fail(error);
  process.exit();
}
