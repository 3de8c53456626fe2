import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A second provider, apart from the simulator: a loopback HTTP server that says what a test tells it to say, and keeps
 * count of what it was asked.
 */

/** A finished video, as small as they come. */
export const CLIP = readFileSync(new URL('../fixtures/media/h264-silent.mp4', import.meta.url));

export interface Call {
  /** How many calls of this kind came before, plus one. */
  readonly n: number;
  readonly jobId: string;
  readonly index: number;
  readonly body: string;
  readonly json: Record<string, unknown>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** An object goes out as JSON. */
  readonly body?: unknown;
}

/** A reply, or `null` when the handler has dealt with the response itself (or never will). */
export type Handler = (call: Call) => Reply | null | Promise<Reply | null>;

export interface ProviderScript {
  submit?: Handler;
  poll?: Handler;
  content?: Handler;
  models?: Handler;
}

export interface Provider {
  readonly baseUrl: string;
  /** Bodies of all `POST /videos`, in order. */
  readonly submits: string[];
  readonly polls: string[];
  readonly contents: string[];
  /** Every `Authorization` header that came. */
  readonly keys: Set<string>;
  script: ProviderScript;
  close(): Promise<void>;
}

export const MODEL = {
  id: 'test/model',
  canonical_slug: 'test/model-1',
  name: 'Test',
  supported_durations: [8, 4, 6],
  supported_resolutions: ['720p'],
  supported_aspect_ratios: ['16:9'],
  supported_sizes: null,
  supported_frame_images: null,
  generate_audio: true,
  seed: true,
  allowed_passthrough_parameters: [],
  pricing_skus: { duration_seconds_without_audio_720p: '0.03', duration_seconds_with_audio_720p: '0.05' },
};

export async function startProvider(script: ProviderScript = {}): Promise<Provider> {
  const provider: Omit<Provider, 'baseUrl' | 'close'> = {
    submits: [],
    polls: [],
    contents: [],
    keys: new Set(),
    script,
  };
  const server = createServer((request, response) => {
    void answer(provider, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(provider, {
    baseUrl: `http://127.0.0.1:${port}/api/v1`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

export function accepted(jobId: string, status = 202): Reply {
  return { status, body: { id: jobId, polling_url: `/api/v1/videos/${jobId}`, status: 'pending' } };
}

export function job(jobId: string, status: string, more: Record<string, unknown> = {}): Reply {
  return { body: { id: jobId, polling_url: `/api/v1/videos/${jobId}`, status, ...more } };
}

export function completed(jobId: string, cost: unknown = 0.12, outputs = 1): Reply {
  const unsigned_urls = Array.from({ length: outputs }, (_, index) => `https://elsewhere.example/${index}`);
  return job(jobId, 'completed', { unsigned_urls, usage: { cost, is_byok: false } });
}

export function refusal(status: number, message: string, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: { error: { code: status, message } } };
}

export function video(body: Buffer = CLIP): Reply {
  return { headers: { 'content-type': 'video/mp4' }, body };
}

async function answer(
  provider: Omit<Provider, 'baseUrl' | 'close'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  if (request.headers.authorization !== undefined) provider.keys.add(request.headers.authorization);
  const { handler, seen, jobId, index } = route(provider, request);
  seen.push(request.method === 'POST' ? body : jobId);
  const call = { n: seen.length, jobId, index, body, json: parsed(body), request, response };
  const reply = await handler(call);
  if (reply !== null) send(response, reply);
}

function route(provider: Omit<Provider, 'baseUrl' | 'close'>, request: IncomingMessage) {
  const url = new URL(request.url ?? '/', 'http://provider');
  const [, , , , id = '', content] = url.pathname.split('/');
  const jobId = decodeURIComponent(id);
  const index = Number(url.searchParams.get('index') ?? 0);
  const { script } = provider;
  if (request.method === 'POST') {
    const handler: Handler = script.submit ?? (({ n }) => accepted(`job-${n}`));
    return { handler, seen: provider.submits, jobId, index };
  }
  if (jobId === 'models') {
    return { handler: script.models ?? (() => ({ body: { data: [MODEL] } })), seen: [] as string[], jobId, index };
  }
  if (content === 'content')
    return { handler: script.content ?? (() => video()), seen: provider.contents, jobId, index };
  const handler: Handler = script.poll ?? (({ n }) => (n < 2 ? job(jobId, 'in_progress') : completed(jobId)));
  return { handler, seen: provider.polls, jobId, index };
}

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: Reply): void {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(isRaw ? body : JSON.stringify(body));
  const type = isRaw ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...type, 'content-length': String(bytes.length), ...headers });
  response.end(bytes);
}
