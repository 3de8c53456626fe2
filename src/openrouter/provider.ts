import type { Dispatcher } from 'undici';
import type { LIMITS } from '../contract/limits.js';
import type { Quote } from './provider-text.js';
import type { TrustedUrl, TrustedUrls } from './trusted-url.js';

export type Limits = Readonly<Record<keyof typeof LIMITS, number>>;

/** What the four calls share. */
export interface Provider {
  readonly urls: TrustedUrls;
  readonly apiKey: string;
  readonly userAgent: string;
  readonly limits: Limits;
  readonly quote: Quote;
  /** Kept-alive connections to the configured origin, for small reads. */
  readonly pool: Dispatcher;
}

/** The headers of one request, made anew for each: only `target` decides whether the key is among them. */
export function requestHeaders(provider: Provider, target: TrustedUrl, accept: string): Record<string, string> {
  return {
    'user-agent': provider.userAgent,
    accept,
    'accept-encoding': 'identity',
    ...(target.getsKey ? { authorization: `Bearer ${provider.apiKey}` } : {}),
  };
}

export function pathOf({ url }: TrustedUrl): string {
  return `${url.pathname}${url.search}`;
}

/** Who answers there, for messages. */
export function nameOf(target: TrustedUrl): string {
  return target.getsKey ? 'OpenRouter' : target.url.host;
}
