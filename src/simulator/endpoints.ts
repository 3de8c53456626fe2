import { HttpError } from './http-error.js';
import { sendError, sendJson, type Exchange } from './http-exchange.js';
import { describeJob } from './job-answer.js';
import type { Job } from './job.js';
import { MODELS } from './models.js';
import type { Provider } from './provider.js';
import { serveContent } from './serve-content.js';
import { submitVideo } from './submit-video.js';

interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** The first group is the job id. */
  readonly path: RegExp;
  readonly needsKey: boolean;
  /** Answers, and returns the line for the log. */
  readonly answer: (provider: Provider, exchange: Exchange, id: string) => Promise<string> | string;
}

/** The whole surface; the first path that matches counts. */
const ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: /^\/api\/v1\/videos$/, needsKey: true, answer: submitVideo },
  { method: 'GET', path: /^\/api\/v1\/videos\/models$/, needsKey: false, answer: listModels },
  { method: 'GET', path: /^\/api\/v1\/videos\/([^/]+)$/, needsKey: true, answer: pollVideo },
  {
    method: 'GET',
    path: /^\/api\/v1\/videos\/([^/]+)\/content$/,
    needsKey: true,
    answer: (provider, exchange, id) => serveContent(provider, exchange, findJob(provider, id)),
  },
];

/** Answers one request, whatever it is, and returns the line for the log. Never throws. */
export async function answerRequest(provider: Provider, exchange: Exchange): Promise<string> {
  const { request, response, url } = exchange;
  try {
    const endpoint = ENDPOINTS.find(({ path }) => path.test(url.pathname));
    if (endpoint === undefined) throw new HttpError(404, 'There is nothing here; the API is below /api/v1/videos.');
    if (request.method !== endpoint.method) {
      throw new HttpError(405, `Use ${endpoint.method} here.`, { headers: { Allow: endpoint.method } });
    }
    if (endpoint.needsKey) checkKey(provider, request.headers.authorization);
    return await endpoint.answer(provider, exchange, endpoint.path.exec(url.pathname)?.[1] ?? '');
  } catch (error) {
    const refusal = error instanceof HttpError ? error : new HttpError(500, `The simulator failed: ${String(error)}`);
    if (response.headersSent || response.destroyed) response.destroy();
    else sendError(response, refusal);
    const path = url.pathname.replace(/^\/api\/v1/, '');
    return `${request.method ?? 'GET'} ${path} → ${refusal.status} ${refusal.message}`;
  } finally {
    request.resume(); // an unread body would hold up the next request on this connection
  }
}

function listModels(_provider: Provider, { response }: Exchange): string {
  sendJson(response, 200, { data: MODELS });
  return `GET /videos/models → ${MODELS.length} models`;
}

function pollVideo(provider: Provider, { response }: Exchange, id: string): string {
  const job = describeJob(findJob(provider, id), Date.now(), provider.baseUrl);
  sendJson(response, 200, job);
  return `GET /videos/${job.id} → ${job.status}`;
}

function findJob(provider: Provider, escapedId: string): Job {
  const job = provider.jobs.find(unescaped(escapedId));
  if (job === undefined) throw new HttpError(404, 'There is no such video job.');
  return job;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function checkKey({ apiKey }: Provider, authorization: string | undefined): void {
  const key = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (key === undefined) throw new HttpError(401, 'No API key: send the header "Authorization: Bearer <key>".');
  if (apiKey !== null && key !== apiKey)
    throw new HttpError(401, 'The API key is not the one the simulator was given.');
}
