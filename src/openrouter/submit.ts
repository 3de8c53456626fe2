import type { Dispatcher } from 'undici';
import { isCompressed } from './answer-head.js';
import type { SubmitAnswer, SubmitOptions } from './answers.js';
import { openConnection } from './connection.js';
import { startDeadline } from './deadline.js';
import { parseJson, readErrorAnswer } from './error-answer.js';
import { HeldBody } from './held-body.js';
import { parseJob } from './job.js';
import { idsIn } from './named-job.js';
import { CallEnded, networkProblem } from './network-problem.js';
import { pathOf, requestHeaders, type Provider } from './provider.js';
import { discard, receive, type Received } from './response-body.js';
import { retryAfterOf } from './retry-after.js';
import type { TrustedUrl } from './trusted-url.js';

/** "See the result there", "this took too long", and a proxy's "nobody waits any more": the request may have been carried out. */
const DOUBTFUL: ReadonlySet<number> = new Set([303, 408, 499]);
const DOUBT = 'Whether a job was accepted is not known.';

/**
 * `POST /videos`, once, on a connection of its own: what the socket did decides whether the request can have left.
 * @throws what `beforeItLeaves` did
 */
export async function submitVideo(
  provider: Provider,
  body: Readonly<Record<string, unknown>>,
  { signal, beforeItLeaves }: SubmitOptions,
): Promise<SubmitAnswer> {
  const target = provider.urls.submit();
  const connection = openConnection(target, provider.limits.connectMs);
  const deadline = startDeadline(provider.limits.submitAnswerMs, signal);
  const held = new HeldBody(JSON.stringify(body), async () => {
    await beforeItLeaves?.();
    deadline.signal.throwIfAborted();
    if (!connection.isFresh()) throw new CallEnded('the connection was closed, or answered, before the request left');
  });
  try {
    const response = await deadline.within(() =>
      connection.client.request({
        method: 'POST',
        path: pathOf(target),
        headers: {
          ...requestHeaders(provider, target, 'application/json'),
          'content-type': 'application/json',
          'content-length': String(held.byteLength),
        },
        body: held.stream(),
        signal: deadline.signal,
        headersTimeout: 0, // the deadline covers head and body
        bodyTimeout: 0,
      }),
    );
    if (await hasLeft(held)) return await judge(provider, response, target);
    discard(response.body);
    return failed('it answered before the request left', false);
  } catch (error) {
    return failed(networkProblem(error), await hasLeft(held));
  } finally {
    deadline.end();
    connection.close();
  }
}

/** That we ended the call ourselves, or lost the connection, is an answer; what the caller threw is the caller's. */
async function hasLeft(held: HeldBody): Promise<boolean> {
  try {
    return await held.hasLeft();
  } catch (error) {
    if (error instanceof CallEnded) return false;
    throw error;
  }
}

function failed(problem: string, hasLeft: boolean): SubmitAnswer {
  return hasLeft
    ? unknown(null, `No whole answer came from OpenRouter: ${problem}.`)
    : {
        outcome: 'not_accepted',
        httpStatus: null,
        message: `OpenRouter could not be reached: ${problem}.`,
        retryAfterMs: null,
      };
}

async function judge(provider: Provider, response: Dispatcher.ResponseData, target: TrustedUrl): Promise<SubmitAnswer> {
  const status = response.statusCode;
  if (status >= 200 && status < 300) return await readAccepted(provider, response);
  const { message, retryAfterMs, isProvidersOwn, isJob, ids } = await readErrorAnswer(provider, response, target);
  if (!isJob && (status === 429 || (status === 503 && isProvidersOwn))) {
    return { outcome: 'not_accepted', httpStatus: status, message, retryAfterMs };
  }
  if (isJob || DOUBTFUL.has(status) || status >= 500) return unknown(status, message, ids);
  return { outcome: 'refused', httpStatus: status, message };
}

/** A job that came whole is accepted, however the answer ends. */
async function readAccepted(provider: Provider, response: Dispatcher.ResponseData): Promise<SubmitAnswer> {
  const status = response.statusCode;
  if (isCompressed(response)) {
    discard(response.body);
    return unknown(status, `OpenRouter answered ${status} with a compressed body that was not asked for.`);
  }
  const jobIn = (text: string): ReturnType<typeof parseJob> => parseJob(parseJson(text), provider.quote);
  const received = await receive(
    response.body,
    provider.limits.answerBytes,
    (text) => /\}\s*$/.test(text) && jobIn(text) !== null,
  );
  const job = jobIn(received.text);
  if (job !== null) {
    return {
      outcome: 'accepted',
      job: { ...job, status: job.status ?? 'pending' },
      retryAfterMs: retryAfterOf(response),
    };
  }
  return unknown(status, withoutJob(provider, status, received), idsIn(received.text, provider.quote));
}

function withoutJob({ quote }: Provider, status: number, { text, cut }: Received): string {
  if (cut === 'too large') return `OpenRouter answered ${status} with more than a job can be.`;
  if (cut !== null) return `OpenRouter answered ${status}, but the answer broke off: ${networkProblem(cut.error)}.`;
  return withoutJobId(status, quote(text));
}

/** What it said instead may name the job all the same, to whoever can read it. */
function withoutJobId(status: number, said: string): string {
  return `OpenRouter answered ${status} without a usable job id${said === '' ? '' : `: ${said}`}.`;
}

function unknown(httpStatus: number | null, message: string, ids: readonly string[] = []): SubmitAnswer {
  const named =
    ids.length === 0 ? '' : ` The answer names the id ${ids.join(' or ')}: if that is the run's job, adopt it.`;
  return { outcome: 'unknown', httpStatus, message: `${message} ${DOUBT}${named}` };
}
