import { Client, Connection } from '@temporalio/client';
import { LongtakeClient, LongtakeError } from '../client/index.js';
import { connectProblem, usesTls } from '../client/temporal-errors.js';
import type { Config } from '../config.js';
import { clientDataConverter } from '../encryption/data-converter.js';
import { openTracing } from '../observability/open-tracing.js';
import { traceStarts } from '../observability/trace-work.js';
import { commandHere } from './command-here.js';
import { CliError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { setFooter } from './output.js';
import { refusal } from './refusal.js';
import type { Interruption } from './interruption.js';

export interface Connected {
  readonly longtake: LongtakeClient;
  /** For what `LongtakeClient` has no word for: looking a run up, and what it was started with. */
  readonly temporal: Client;
  close(): Promise<void>;
}

/** For a server that is slow, or far away. */
const CONNECT_MS = 10_000;

/**
 * @throws LongtakeError `TemporalUnreachable` after ten seconds without an answer, or three of refusals
 * @throws CliError with exit code 2 where Temporal refuses the credentials
 */
export async function connect(
  config: Pick<Config, 'temporal' | 'taskQueue' | 'encryption' | 'traces'>,
): Promise<Connected> {
  const { temporal, taskQueue, encryption } = config;
  setFooter(`connecting to Temporal at ${temporal.address}`);
  const connection = await openConnection(temporal, CONNECT_MS).finally(() => {
    setFooter('');
  });
  const tracing = await openTracing(config).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  const client = new Client({
    connection,
    namespace: temporal.namespace,
    dataConverter: clientDataConverter(encryption),
    interceptors: { workflow: tracing === null ? [] : [traceStarts(tracing, temporal.namespace)] },
  });
  return {
    longtake: new LongtakeClient({ client, taskQueue }),
    temporal: client,
    close: async () => {
      await Promise.all([tracing?.close(), connection.close()]);
    },
  };
}

export async function openConnection(temporal: Config['temporal'], withinMs: number): Promise<Connection> {
  const connection = Connection.lazy({ ...temporal.connection, connectTimeout: withinMs });
  const ended = new AbortController();
  try {
    await Promise.race([connection.ensureConnected(), refusal(temporal.connection, ended.signal)]);
    return connection;
  } catch (error) {
    await connection.close();
    const hints = {
      startCommand: commandHere('longtake dev'),
      isAddressSet: temporal.addressIsSet,
      isTls: usesTls(temporal.connection),
    };
    const problem = connectProblem(temporal.address, error, hints);
    throw problem instanceof LongtakeError ? problem : new CliError(EXIT.usage, problem.message, { cause: error });
  } finally {
    ended.abort();
  }
}

/** Connects for the length of `work`; Ctrl-C ends it, if it is watched for. */
export async function connected<T>(
  config: Config,
  work: (connection: Connected) => Promise<T>,
  interruption?: Interruption,
): Promise<T> {
  const opening = connect(config);
  const connection = await (interruption?.orInterrupted(opening) ?? opening);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
