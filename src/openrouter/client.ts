import { Agent } from 'undici';
import { LIMITS } from '../contract/limits.js';
import type { OpenRouter } from './answers.js';
import { createConnector } from './connection.js';
import { readContent } from './content.js';
import { readModels } from './models.js';
import { pollVideo } from './poll.js';
import type { Limits, Provider } from './provider.js';
import { createQuote } from './provider-text.js';
import { submitVideo } from './submit.js';
import { createTrustedUrls, parseBaseUrl } from './trusted-url.js';

export interface OpenRouterOptions {
  /** The API root, with or without a trailing slash; `https:`, or `http:` on loopback. */
  readonly baseUrl: string;
  /** Goes to the origin of `baseUrl` and nowhere else. */
  readonly apiKey: string;
  /** Default `longtake`. */
  readonly userAgent?: string;
  /** Instead of single values of `LIMITS`, for tests. */
  readonly limits?: Partial<Limits>;
}

/**
 * OpenRouter's video API over HTTP. Every call is one attempt, and every outcome of a network or a provider is a value.
 * @throws Error when the base address or the key cannot be used; the message does not repeat them.
 */
export function createOpenRouter(options: OpenRouterOptions): OpenRouter {
  const provider = createProvider(options);
  return {
    submit: (body, call = {}) => submitVideo(provider, body, call),
    poll: (jobId, call = {}) => pollVideo(provider, jobId, call),
    content: (jobId, index, call = {}) => readContent(provider, jobId, index, call),
    models: (call = {}) => readModels(provider, call),
    close: () => provider.pool.destroy(),
  };
}

function createProvider({ baseUrl, apiKey, userAgent = 'longtake', limits: given = {} }: OpenRouterOptions): Provider {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new Error('The API key is empty or has characters that no key has.');
  const limits: Limits = { ...LIMITS, ...given };
  return {
    urls: createTrustedUrls(parseBaseUrl(baseUrl)),
    apiKey,
    userAgent,
    limits,
    quote: createQuote(apiKey, limits.quotedCharacters),
    pool: new Agent({ connect: createConnector(limits.connectMs, null) }),
  };
}
