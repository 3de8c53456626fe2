import type { Dispatcher } from 'undici';
import { isCompressed } from './answer-head.js';
import type { Denied, Missing, Trouble } from './answers.js';
import { startDeadline } from './deadline.js';
import { parseJson, readErrorAnswer, readFailure, trouble } from './error-answer.js';
import { networkProblem } from './network-problem.js';
import { pathOf, requestHeaders, type Provider } from './provider.js';
import { discard, readText } from './response-body.js';
import { retryAfterOf } from './retry-after.js';
import type { TrustedUrl } from './trusted-url.js';

type JsonAnswer =
  | { readonly outcome: 'json'; readonly value: unknown; readonly retryAfterMs: number | null }
  | Missing
  | Denied
  | Trouble;

interface JsonReadOptions {
  /** For the whole answer, from the call to the last byte. */
  readonly answerMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** One GET of a small JSON answer: one request, no redirects. */
export async function readJson(
  provider: Provider,
  target: TrustedUrl,
  { answerMs, signal }: JsonReadOptions,
): Promise<JsonAnswer> {
  const deadline = startDeadline(answerMs, signal);
  try {
    const response = await deadline.within(() =>
      provider.pool.request({
        origin: target.url.origin,
        method: 'GET',
        path: pathOf(target),
        headers: requestHeaders(provider, target, 'application/json'),
        signal: deadline.signal,
        headersTimeout: 0, // the deadline covers head and body
        bodyTimeout: 0,
      }),
    );
    return await readAnswer(provider, response, target);
  } catch (error) {
    return trouble(null, `No whole answer came from OpenRouter: ${networkProblem(error)}.`);
  } finally {
    deadline.end();
  }
}

async function readAnswer(
  provider: Provider,
  response: Dispatcher.ResponseData,
  target: TrustedUrl,
): Promise<JsonAnswer> {
  if (response.statusCode !== 200) return readFailure(await readErrorAnswer(provider, response, target));
  const retryAfterMs = retryAfterOf(response);
  const unusable = (why: string): Trouble => trouble(200, `OpenRouter answered with ${why}.`, retryAfterMs);
  if (isCompressed(response)) {
    discard(response.body);
    return unusable('a compressed body that was not asked for');
  }
  const text = await readText(response.body, provider.limits.answerBytes);
  if (text === null) return unusable(`more than ${provider.limits.answerBytes} bytes`);
  const value = parseJson(text);
  return value === undefined ? unusable('no JSON') : { outcome: 'json', value, retryAfterMs };
}
