import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { inject } from 'vitest';
import {
  LongtakeClient,
  type GenerateVideoInput,
  type LongtakeHandle,
  type RunStatus,
} from '../../src/client/index.js';
import { loadConfig, type Config } from '../../src/config.js';
import { clientDataConverter } from '../../src/encryption/data-converter.js';
import { installRuntime } from '../../src/observability/temporal-logs.js';
import { createWorker, type LongtakeWorker } from '../../src/worker/index.js';
import { startProvider, type Provider, type ProviderScript } from './provider.js';

export const API_KEY = 'sk-or-test-0123456789abcdef';
export const WORKFLOW_BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
export const ENCRYPTED_BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle-encrypted.js', import.meta.url));

/** Quick polls: tests wait for conditions, not for the provider's pace. */
export const QUICK = { initialInterval: '20ms', maximumInterval: '50ms' } as const;

export interface Rig {
  readonly provider: Provider;
  readonly client: LongtakeClient;
  readonly temporal: Client;
  readonly storage: string;
  readonly taskQueue: string;
  readonly environment: Record<string, string>;
  readonly worker: RunningWorker | null;
  /** Starts a run of the guide's kind, with quick polls and an id of its own. */
  start(input?: Partial<GenerateVideoInput>, id?: string): Promise<LongtakeHandle>;
  startWorker(change?: (config: Config) => Config): Promise<RunningWorker>;
  stop(): Promise<void>;
}

export interface RunningWorker {
  readonly worker: LongtakeWorker;
  stop(): Promise<void>;
}

let runtimeInstalled = false;

/** One worker's log lines, for tests that look at them. */
export const logLines: string[] = [];

function logger() {
  return pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
}

export function useQuietRuntime(): void {
  if (runtimeInstalled) return;
  installRuntime({ logger: logger(), metricsAddress: null });
  runtimeInstalled = true;
}

/** The whole of longtake on the shared dev server, with a queue, a storage and a provider of its own. */
export async function startRig(
  options: { script?: ProviderScript; worker?: boolean; address?: string; environment?: Record<string, string> } = {},
): Promise<Rig> {
  useQuietRuntime();
  const provider = await startProvider(options.script);
  const storage = await mkdtemp(join(tmpdir(), 'longtake-test-'));
  const taskQueue = `test-${randomUUID()}`;
  const environment = {
    OPENROUTER_API_KEY: API_KEY,
    OPENROUTER_BASE_URL: provider.baseUrl,
    TEMPORAL_ADDRESS: options.address ?? inject('temporalAddress'),
    LONGTAKE_TASK_QUEUE: taskQueue,
    LONGTAKE_STORAGE: storage,
    LONGTAKE_HTTP_ADDRESS: 'off',
    ...options.environment,
  };
  const config = loadConfig(environment);
  const connection = await Connection.connect({ address: config.temporal.address });
  const temporal = new Client({ connection, dataConverter: clientDataConverter(config.encryption) });
  const client = new LongtakeClient({ client: temporal, taskQueue });
  const running: RunningWorker[] = [];

  async function startWorker(change: (config: Config) => Config = (same) => same): Promise<RunningWorker> {
    const changed = change(config);
    const codePath = changed.encryption.current === null ? WORKFLOW_BUNDLE : ENCRYPTED_BUNDLE;
    const worker = await createWorker({
      config: changed,
      logger: logger(),
      temporal: { workflowBundle: { codePath } },
    });
    const ended = worker.run();
    const handle = {
      worker,
      stop: async () => {
        worker.shutdown();
        await ended;
      },
    };
    running.push(handle);
    return handle;
  }

  const worker = options.worker === false ? null : await startWorker();
  return {
    provider,
    client,
    temporal,
    storage,
    taskQueue,
    environment,
    worker,
    startWorker,
    start: (input = {}, id = `run-${randomUUID()}`) => client.start(withDefaults(input), { id }),
    stop: async () => {
      await Promise.all(running.map((handle) => handle.stop()));
      await connection.close();
      await provider.close();
      await rm(storage, { recursive: true, force: true });
    },
  };
}

export function withDefaults(input: Partial<GenerateVideoInput>): GenerateVideoInput {
  const request = {
    model: 'test/model',
    prompt: 'a greenhouse',
    duration: 4,
    resolution: '720p',
    aspect_ratio: '16:9',
  };
  return {
    ...(input.jobId === undefined ? { request } : {}),
    polling: QUICK,
    ...input,
  };
}

/** The first status that satisfies `condition`; fails with the last one when the run closes first. */
export async function until(handle: LongtakeHandle, condition: (status: RunStatus) => boolean): Promise<RunStatus> {
  let last: RunStatus | null = null;
  for await (const status of handle.follow({ intervalMs: 50 })) {
    last = status;
    if (condition(status)) return status;
  }
  throw new Error(`the run closed before that: ${JSON.stringify(last)}`);
}
