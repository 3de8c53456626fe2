import { pino, type DestinationStream, type Logger } from 'pino';
import { pinoPretty } from './pretty.js';
import type { LogLevel } from '../config.js';
import { secretSpellings } from '../contract/secret-spellings.js';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'pretty' | 'json';
  /** Never to appear in a line, whoever wrote it. */
  readonly secrets: readonly string[];
  /** Default: standard error. */
  readonly destination?: DestinationStream;
}

const REDACTED = '[redacted]';

/** The one stream of log lines of a process. */
export function createLogger({ level, format, secrets, destination }: LoggerOptions): Logger {
  const output = destination ?? pino.destination({ dest: 2, sync: true });
  const lines = format === 'pretty' ? pinoPretty(output) : output;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    redacting(lines, secrets),
  );
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
