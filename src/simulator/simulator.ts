import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerRequest } from './endpoints.js';
import { openJobBook } from './job-book.js';
import { endOf, statusOf, type Job, type JobStatus } from './job.js';
import type { Provider } from './provider.js';
import { createWebhookSender } from './webhook-sender.js';

export interface SimulatorOptions {
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 0: a free one, told in `Simulator.port`. */
  readonly port?: number | undefined;
  /** The only bearer key that is accepted; default: every one. */
  readonly apiKey?: string | undefined;
  /** File that keeps the accepted jobs across restarts; default: they end with the simulator. */
  readonly journal?: string | undefined;
  /** Milliseconds from submit to the end of a job; default 10,000, at most a day. */
  readonly generationMs?: number | undefined;
  /** Signs webhooks; default: they are not signed. */
  readonly webhookSecret?: string | undefined;
  /** Gets one plain line per request and webhook. Lines never hold the key or the secret. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface SimulatedJob {
  readonly id: string;
  readonly model: string;
  /** The body of the submit. */
  readonly request: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What the job costs once it is completed, in US dollars; `null`: the model has no price. */
  readonly costUsd: number | null;
  /** As a poll would say now. */
  readonly status: JobStatus;
}

export interface Simulator {
  /** The API root for `OPENROUTER_BASE_URL`: `http://127.0.0.1:<port>/api/v1`. */
  readonly baseUrl: string;
  readonly port: number;
  /** Every accepted job, oldest first; with a journal also those of other simulators on it. */
  ledger(): readonly SimulatedJob[];
  /** Drops all connections and pending webhooks. Safe to call twice. */
  close(): Promise<void>;
}

const DEFAULT_GENERATION_MS = 10_000;
const MAX_GENERATION_MS = 24 * 60 * 60 * 1000;
/** Longer than clients keep idle connections, so that none is closed just as a submit leaves. */
const KEEP_ALIVE_MS = 10 * 60 * 1000;
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Starts a local stand-in for OpenRouter's video API. It makes real, playable (silent) videos of the length and size
 * asked for, charges nothing, and offers trial models that fail in every way a provider can.
 * @throws Error - a wrong option, a taken port, or a journal that cannot be used; the message says what to do
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', generationMs = DEFAULT_GENERATION_MS, log = ignore } = options;
  if (!(generationMs >= 0 && generationMs <= MAX_GENERATION_MS)) {
    throw new RangeError(`generationMs must be 0 to ${MAX_GENERATION_MS} milliseconds.`);
  }
  const jobs = openJobBook(options.journal);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS });
  const port = await listen(server, host, options.port ?? 0);
  const baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1`;
  const webhooks = createWebhookSender({ baseUrl, secret: options.webhookSecret, log });
  for (const job of jobs.all()) if ((endOf(job) ?? 0) > Date.now()) webhooks.schedule(job);
  const provider: Provider = {
    ...{ baseUrl, generationMs, jobs, webhooks },
    apiKey: options.apiKey ?? null,
    turnedAway: new Set(),
    cutOnce: new Set(),
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answerRequest(provider, { request, response, url: addressOf(request) }).then((line) => {
      log(printable(line));
    });
  });
  return {
    baseUrl,
    port,
    ledger: () => jobs.all().map(asSimulated),
    async close() {
      webhooks.close();
      await stop(server);
    },
  };
}

function asSimulated(job: Job): SimulatedJob {
  const { id, model, request, createdAt, costUsd } = job;
  return { id, model, request, createdAt, costUsd, status: statusOf(job, Date.now()) };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`The simulator cannot listen on ${host}:${port}: ${reasonOf(error)}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === 'EADDRINUSE' ? 'the port is taken, choose another or 0 for a free one' : error.message;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeAllConnections();
  await closed;
}

function addressOf(request: IncomingMessage): URL {
  const base = 'http://simulator';
  const path = request.url ?? '/';
  return new URL(URL.canParse(path, base) ? path : '/', base);
}

/** Requests hold anything, also what would move a terminal's cursor. */
function printable(line: string): string {
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu, '?').slice(0, 300);
}

function ignore(): void {
  // nobody listens
}
