import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { header, isCompressed, lengthOf } from './answer-head.js';
import type { ContentAnswer, ContentOptions, Continuation } from './answers.js';
import { openConnection } from './connection.js';
import { identityOf, isContinuation, rangeHeaders } from './continuation.js';
import { startDeadline } from './deadline.js';
import { readErrorAnswer, readFailure, trouble } from './error-answer.js';
import { CallEnded, networkProblem } from './network-problem.js';
import { nameOf, pathOf, requestHeaders, type Provider } from './provider.js';
import { discard, ignoreLateErrors } from './response-body.js';
import { retryAfterOf } from './retry-after.js';
import type { TrustedUrl } from './trusted-url.js';

/** 203: a proxy on the way has had a hand in the head. */
const WHOLE: ReadonlySet<number> = new Set([200, 203]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Redirect {
  readonly outcome: 'redirect';
  readonly httpStatus: number;
  readonly location: string;
  readonly retryAfterMs: number | null;
}

type Astray = Extract<ContentAnswer, { outcome: 'astray' }>;

/** `GET /videos/{id}/content?index=N`. Follows redirects itself, each hop judged and asked anew. */
export async function readContent(
  provider: Provider,
  jobId: string,
  index: number,
  options: ContentOptions,
): Promise<ContentAnswer> {
  let target = provider.urls.content(jobId, index);
  const asked = new Set<string>();
  for (;;) {
    asked.add(target.url.href);
    const answer = await ask(provider, target, options);
    if (answer.outcome !== 'redirect') return answer;
    const next = await follow(provider, answer, target, options.signal);
    if ('outcome' in next) return next;
    if (asked.has(next.url.href)) return astray(provider, `it redirects in a circle, over ${next.url.host}`, answer);
    if (asked.size > provider.limits.contentRedirects) {
      return astray(provider, `it redirects more than ${provider.limits.contentRedirects} times`, answer);
    }
    const early = await untilAllowed(provider, answer, target, options.signal);
    if (early !== null) return early;
    target = next;
  }
}

/** A redirect may ask for patience as well (RFC 9110, 10.2.3). What lasts longer than a stream may idle holds no connection. */
async function untilAllowed(
  { limits }: Provider,
  { httpStatus, retryAfterMs }: Redirect,
  from: TrustedUrl,
  signal: AbortSignal | undefined,
): Promise<ContentAnswer | null> {
  if (retryAfterMs === null || retryAfterMs === 0) return null;
  if (retryAfterMs > limits.downloadIdleMs) {
    return trouble(httpStatus, `${nameOf(from)} redirects to the video, but not yet.`, retryAfterMs);
  }
  try {
    await sleep(retryAfterMs, undefined, signal === undefined ? {} : { signal });
    return null;
  } catch {
    return trouble(null, 'The call was ended before a redirect could be followed.');
  }
}

async function follow(
  provider: Provider,
  { location, retryAfterMs }: Redirect,
  from: TrustedUrl,
  signal: AbortSignal | undefined,
): Promise<TrustedUrl | ContentAnswer> {
  const deadline = startDeadline(provider.limits.connectMs, signal);
  try {
    const next = await provider.urls.follow(location, from.url, deadline);
    if (next.outcome === 'trusted') return next.target;
    return next.outcome === 'forbidden'
      ? astray(provider, next.reason, { retryAfterMs })
      : trouble(null, provider.quote(`The video cannot be had now: ${next.reason}.`), retryAfterMs);
  } finally {
    deadline.end();
  }
}

/** One hop, on a connection of its own that ends with the body. */
async function ask(
  provider: Provider,
  target: TrustedUrl,
  { signal, continues }: ContentOptions,
): Promise<ContentAnswer | Redirect> {
  const { connectMs, downloadIdleMs } = provider.limits;
  const connection = openConnection(target, connectMs);
  const deadline = startDeadline(connectMs + downloadIdleMs, signal);
  try {
    const response = await deadline.within(() =>
      connection.client.request({
        method: 'GET',
        path: pathOf(target),
        headers: {
          ...requestHeaders(provider, target, '*/*'),
          ...(continues === undefined ? {} : rangeHeaders(continues)),
        },
        signal: deadline.signal,
        headersTimeout: 0, // the deadline covers the head, and the body of an error
        bodyTimeout: downloadIdleMs, // between chunks; does not run while the reader is the slow one
      }),
    );
    response.body.once('close', () => {
      connection.close();
    });
    const answer = await judge(provider, response, target, continues);
    if (answer.outcome === 'content') endWith(answer.body, signal);
    return answer;
  } catch (error) {
    connection.close();
    return trouble(null, provider.quote(`No answer came from ${nameOf(target)}: ${networkProblem(error)}.`));
  } finally {
    deadline.end();
  }
}

/** From here on nothing but the caller's signal ends the transfer early. */
function endWith(body: Readable, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const end = (): void => {
    body.destroy(new CallEnded('the transfer was ended'));
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  body.once('close', () => {
    signal.removeEventListener('abort', end);
  });
}

async function judge(
  provider: Provider,
  response: Dispatcher.ResponseData,
  target: TrustedUrl,
  continues: Continuation | undefined,
): Promise<ContentAnswer | Redirect> {
  const status = response.statusCode;
  if (continues !== undefined && (WHOLE.has(status) || status === 206)) {
    return readRest(provider, response, target, continues);
  }
  if (WHOLE.has(status)) return readVideo(provider, response, target);
  const location = header(response, 'location');
  if (REDIRECTS.has(status) && location !== null) {
    discard(response.body);
    return { outcome: 'redirect', httpStatus: status, location, retryAfterMs: retryAfterOf(response) };
  }
  const error = await readErrorAnswer(provider, response, target);
  if (status === 410) return { outcome: 'gone', message: error.message };
  const failure = readFailure(error);
  // Another host never saw the key, so it cannot refuse it: a signed address may have run out, and the next one is new.
  return failure.outcome === 'denied' && !target.getsKey ? { ...error, outcome: 'trouble' } : failure;
}

/** Another file, or the same one from its start, must not be joined to what came before. */
function readRest(
  provider: Provider,
  response: Dispatcher.ResponseData,
  target: TrustedUrl,
  continues: Continuation,
): ContentAnswer {
  const { statusCode } = response;
  if (statusCode === 206 && isContinuation(response, continues)) {
    const answer = readVideo(provider, response, target);
    const { file } = continues;
    return answer.outcome === 'content' ? { ...answer, contentLength: file.totalBytes, file } : answer;
  }
  discard(response.body);
  const message = `${nameOf(target)} did not go on where the transfer broke off; it starts over.`;
  return trouble(statusCode, message, retryAfterOf(response));
}

function readVideo(provider: Provider, response: Dispatcher.ResponseData, target: TrustedUrl): ContentAnswer {
  const retryAfterMs = retryAfterOf(response);
  if (isCompressed(response)) {
    discard(response.body);
    const message = `${nameOf(target)} answered with a compressed body that was not asked for.`;
    return trouble(response.statusCode, message, retryAfterMs);
  }
  ignoreLateErrors(response.body);
  return {
    outcome: 'content',
    body: response.body,
    contentLength: lengthOf(response),
    endIsTold: lengthOf(response) !== null || /(^|,)\s*chunked\s*$/i.test(header(response, 'transfer-encoding') ?? ''),
    contentType: provider.quote(header(response, 'content-type') ?? '') || null,
    file: identityOf(response),
    retryAfterMs,
  };
}

function astray(provider: Provider, reason: string, { retryAfterMs }: Pick<Redirect, 'retryAfterMs'>): Astray {
  return { outcome: 'astray', message: provider.quote(`The video cannot be had: ${reason}.`), retryAfterMs };
}
