import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { isCompressed } from './answer-head.js';
import type { Denied, Missing, Trouble } from './answers.js';
import { idsIn, isJob } from './named-job.js';
import { nameOf, type Provider } from './provider.js';
import { discard, receive, type Received } from './response-body.js';
import { retryAfterOf, secondsToMs } from './retry-after.js';
import type { TrustedUrl } from './trusted-url.js';

/** What an answer that is no success says. */
interface ErrorAnswer {
  readonly httpStatus: number;
  /** Whole sentences: who answered what, and what to do where that is known. */
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** The body is OpenRouter's own error object, whole: the API spoke, not a proxy before it. */
  readonly isProvidersOwn: boolean;
  /** The body is a job, whatever the status line says. */
  readonly isJob: boolean;
  /** Ids in the body that may be the job's. */
  readonly ids: readonly string[];
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Check OPENROUTER_API_KEY.',
  402: 'Add credits to the OpenRouter account, or raise the limit of its key.',
  403: 'Check what the OpenRouter key may do.',
};

const errorBody = z.object({
  error: z.object({
    message: z.string(),
    availability: z.object({ retry_after: z.unknown().optional() }).nullish().catch(null),
  }),
});

/** Bytes that are no UTF-8, or control characters other than white space. */
const NO_TEXT = /\ufffd|(?!\s)\p{Cc}/u;

/**
 * Reads as much of the body as can be quoted. Never throws: the status line alone says what happened. Another host's words
 * are not read: they tell little, and may repeat the signed address that was asked.
 */
export async function readErrorAnswer(
  provider: Provider,
  response: Dispatcher.ResponseData,
  target: TrustedUrl,
): Promise<ErrorAnswer> {
  const httpStatus = response.statusCode;
  const { text: said, cut } = await readErrorText(provider, response, target);
  const text = cut === null ? said : null;
  const value = parseJson(text);
  const parsed = errorBody.safeParse(value);
  const quoted = provider.quote(parsed.success ? parsed.data.error.message : plainText(text), target.url);
  const hint = target.getsKey ? hintFor(httpStatus) : undefined;
  return {
    httpStatus,
    message:
      sentence(`${nameOf(target)} answered ${httpStatus}` + (quoted === '' ? '' : `: ${quoted}`)) +
      (hint === undefined ? '' : ` ${hint}`),
    retryAfterMs: retryAfterOf(response) ?? secondsToMs(parsed.data?.error.availability?.retry_after),
    isProvidersOwn: parsed.success,
    isJob: isJob(said, value),
    ids: idsIn(said, provider.quote),
  };
}

/** Somebody else's words may end in a full stop, or not. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function hintFor(httpStatus: number): string | undefined {
  if (httpStatus >= 300 && httpStatus < 400) return 'Redirects are not followed here: check OPENROUTER_BASE_URL.';
  return HINTS[httpStatus];
}

/** The value of a JSON text, or `undefined` when it is none. */
export function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A failed read: 404 and a refused key say something of their own, the rest says nothing about the job. */
export function readFailure({ httpStatus, message, retryAfterMs }: ErrorAnswer): Missing | Denied | Trouble {
  if (httpStatus === 404) return { outcome: 'missing', message, retryAfterMs };
  if (httpStatus === 401 || httpStatus === 403) return { outcome: 'denied', httpStatus, message, retryAfterMs };
  return { outcome: 'trouble', httpStatus, message, retryAfterMs };
}

export function trouble(httpStatus: number | null, message: string, retryAfterMs: number | null = null): Trouble {
  return { outcome: 'trouble', httpStatus, message, retryAfterMs };
}

async function readErrorText(
  { limits }: Provider,
  response: Dispatcher.ResponseData,
  { getsKey }: TrustedUrl,
): Promise<Received> {
  if (getsKey && !isCompressed(response)) return await receive(response.body, limits.errorBytes);
  discard(response.body);
  return { text: '', cut: null };
}

/** A proxy's page is markup, and a video's bytes are no text: neither tells a reader anything. */
function plainText(text: string | null): string {
  return text === null || text.trimStart().startsWith('<') || NO_TEXT.test(text) ? '' : text;
}
