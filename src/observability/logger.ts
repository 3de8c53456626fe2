import { pino, type DestinationStream, type Logger } from 'pino';
import { openLogDestination } from './log-destination.js';
import { pinoPretty } from './pretty.js';
import type { LogLevel } from '../config.js';
import { secretSpellings } from '../contract/secret-spellings.js';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'pretty' | 'json';
  /** Never to appear in a line, whoever wrote it. */
  readonly secrets: readonly string[];
  /** A file or its descriptor, or what takes the lines. Default: standard error. */
  readonly destination?: string | number | DestinationStream;
}

const STANDARD_ERROR = 2;
const REDACTED = '[redacted]';

/** The one stream of log lines of a process. */
export function createLogger({ level, format, secrets, destination = STANDARD_ERROR }: LoggerOptions): Logger {
  const output = typeof destination === 'object' ? destination : openLogDestination(destination, tellLoss);
  const lines = format === 'pretty' ? pinoPretty(output) : output;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    redacting(lines, secrets),
  );
  return logger;

  function tellLoss(count: number): void {
    logger.warn({ lines: count }, 'lines of this log could not be written, and are lost');
  }
}

/** Signatures and tokens are in the query of an address; what comes before it says where. */
const QUERY = /(\bhttps?:\/\/[^\s"'?#\\]+)\?[^\s"'\\<>()]+/gi;

function redacting(output: DestinationStream, secrets: readonly string[]): DestinationStream {
  const hidden = secrets.flatMap(secretSpellings);
  return {
    write(line) {
      const text = hidden.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), line);
      output.write(text.replace(QUERY, `$1?${REDACTED}`));
    },
  };
}
