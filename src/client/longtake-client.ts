import { Client, Connection, WorkflowExecutionAlreadyStartedError, type ConnectionOptions } from '@temporalio/client';
import { loadConfig } from '../config.js';
import { firstWords } from '../contract/first-words.js';
import { inPlainWords } from '../contract/issue-words.js';
import { LIMITS } from '../contract/limits.js';
import { code, plain } from '../contract/markdown.js';
import { DEFAULT_TASK_QUEUE, MODEL_MEMO, WORKFLOW_TYPE } from '../contract/names.js';
import { describeIssues, generateVideoInput } from '../contract/schemas.js';
import type { GenerateVideoInput, GenerateVideoResult } from '../contract/types.js';
import { clientDataConverter } from '../encryption/data-converter.js';
import { openTracing } from '../observability/open-tracing.js';
import { traceStarts } from '../observability/trace-work.js';
import type { Tracing } from '../observability/tracing.js';
import { checkArguments, listArguments, runIdArgument, startArguments } from './checked-arguments.js';
import { LongtakeError } from './errors.js';
import { listRuns, type ListOptions, type RunSummary } from './list-runs.js';
import { LongtakeHandle } from './longtake-handle.js';
import { connectProblem, startProblem, translated, usesTls } from './temporal-errors.js';

export interface LongtakeClientOptions {
  /** Used as it is, with its own data converter: encryption by the environment is for `connect`. */
  readonly client: Client;
  /** Default `longtake`. */
  readonly taskQueue?: string;
}

export interface ConnectOptions {
  /** Default: `TEMPORAL_*` from the environment and Temporal's own configuration file. */
  readonly connection?: ConnectionOptions;
  readonly namespace?: string;
  readonly taskQueue?: string;
}

export interface StartOptions {
  /**
   * The workflow id, which is the idempotency key: the same id again, running or closed, starts nothing and gives the
   * run that there is.
   */
  readonly id: string;
}

const CONNECT_MS = 10_000;

/** A thin layer over Temporal's client: validated input, idempotent start, typed errors. */
export class LongtakeClient {
  private readonly client: Client;
  private readonly taskQueue: string;
  private tracing: Tracing | null = null;

  constructor({ client, taskQueue = DEFAULT_TASK_QUEUE }: LongtakeClientOptions) {
    this.client = client;
    this.taskQueue = taskQueue;
  }

  /**
   * @throws LongtakeError `TemporalUnreachable` after ten seconds without an answer
   * @throws ServiceError of `@temporalio/client` where Temporal refuses the credentials
   * @throws ConfigError for a wrong environment
   */
  static async connect(options: ConnectOptions = {}): Promise<LongtakeClient> {
    const config = loadConfig();
    const connectionOptions = options.connection ?? config.temporal.connection;
    const address = connectionOptions.address ?? config.temporal.address;
    const connection = Connection.lazy({ connectTimeout: CONNECT_MS, ...connectionOptions });
    try {
      await connection.ensureConnected().catch((error: unknown) => {
        throw connectProblem(address, error, { isTls: usesTls(connectionOptions) });
      });
      const namespace = options.namespace ?? config.temporal.namespace;
      const tracing = await openTracing(config);
      const client = new Client({
        connection,
        namespace,
        dataConverter: clientDataConverter(config.encryption),
        interceptors: { workflow: tracing === null ? [] : [traceStarts(tracing, namespace)] },
      });
      const longtake = new LongtakeClient({ client, taskQueue: options.taskQueue ?? config.taskQueue });
      longtake.tracing = tracing;
      return longtake;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /**
   * Starts a run, or finds the one that has this id.
   * @throws LongtakeError `InvalidRequest` (nothing was sent); `TemporalUnreachable` and `StartUnknown`, with `workflowId`:
   * the run may have been started all the same, and the same id again finds it
   */
  async start(input: GenerateVideoInput, options: StartOptions): Promise<LongtakeHandle> {
    checkArguments('start(input, { id })', startArguments, options);
    const valid = validated(input);
    const { id } = options;
    try {
      await this.client.workflow.start(WORKFLOW_TYPE, {
        args: [valid],
        workflowId: id,
        taskQueue: this.taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        ...describe(valid),
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw startProblem(error, id, this.address);
    }
    return this.handle(id);
  }

  /** @throws LongtakeError `InvalidRequest`: there can be no run of that id */
  handle(id: string): LongtakeHandle {
    checkArguments('handle(id)', runIdArgument, id);
    return new LongtakeHandle(this.client, id, this.address);
  }

  /** `start` and `result` in one. @throws what both throw */
  async generate(input: GenerateVideoInput, options: StartOptions): Promise<GenerateVideoResult> {
    return await (await this.start(input, options)).result();
  }

  /** @throws LongtakeError `InvalidRequest`, `TemporalUnreachable` */
  async list(options: ListOptions = {}): Promise<RunSummary[]> {
    checkArguments('list({ state, model, limit })', listArguments, options);
    try {
      return await listRuns(this.client, options);
    } catch (error) {
      throw translated(error, null, this.address);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.tracing?.close(), this.client.connection.close()]);
  }

  private get address(): string | null {
    const { connection } = this.client;
    return connection instanceof Connection ? connection.options.address : null;
  }
}

function validated(input: GenerateVideoInput): GenerateVideoInput {
  const parsed = generateVideoInput.safeParse(input, { error: inPlainWords });
  if (!parsed.success)
    throw new LongtakeError('InvalidRequest', `The input is wrong: ${describeIssues(parsed.error)}.`);
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > LIMITS.inputBytes) {
    throw new LongtakeError(
      'InvalidRequest',
      `The input is too large: it has ${bytes} bytes, and ${LIMITS.inputBytes} fit into a workflow. ${remedyOfSize(input)}`,
    );
  }
  return input;
}

/** What makes the input so large. */
function remedyOfSize({ request }: GenerateVideoInput): string {
  const sizes = Object.entries(request ?? {}).map(([name, value]) => ({ name, size: JSON.stringify(value).length }));
  const [largest] = sizes.sort((one, other) => other.size - one.size);
  if (largest?.name === 'prompt') return 'Most of it is the prompt: shorten it.';
  return `Most of it is ${largest?.name ?? 'its options'}. Give images by address instead of as data.`;
}

const SUMMARY_CHARACTERS = 100;

/** What Temporal's UI shows of the run in its list and at its top. */
function describe({ request, jobId, output }: GenerateVideoInput): {
  staticSummary: string;
  staticDetails: string;
  memo: Record<string, unknown>;
} {
  const what = request === undefined ? `adopt job ${jobId ?? ''}` : `${request.model}: ${request.prompt ?? ''}`;
  return {
    staticSummary: plain(firstWords(what, SUMMARY_CHARACTERS)),
    staticDetails: `One video by longtake${output === undefined ? '' : `, to be saved as ${code(output)}`}.`,
    memo: request === undefined ? {} : { [MODEL_MEMO]: request.model },
  };
}
