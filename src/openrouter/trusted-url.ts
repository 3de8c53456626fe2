import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { isUsableJobId } from '../contract/job-id.js';
import { bareHost, isLoopbackHost } from '../contract/loopback-host.js';
import type { Deadline } from './deadline.js';
import { addressesOfForeign } from './name-look-up.js';
import { networkProblem } from './network-problem.js';
import { isPublicAddress } from './public-address.js';

/** Keeps every other module from making a `TrustedUrl`; there is no such field when the code runs. */
declare const judged: unique symbol;

/** An address that may be asked. Only this module makes them, and no request goes out without one. */
export interface TrustedUrl {
  readonly [judged]: true;
  readonly url: URL;
  /** True for the configured origin alone: no other host is ever shown the API key. */
  readonly getsKey: boolean;
  /** The checked addresses a connection must end at; `null` for the configured origin, which its owner answers for. */
  readonly addresses: readonly LookupAddress[] | null;
}

export type NextHop =
  | { readonly outcome: 'trusted'; readonly target: TrustedUrl }
  /** Must not be followed. */
  | { readonly outcome: 'forbidden'; readonly reason: string }
  /** Could not be judged now: no address, or its name did not resolve. */
  | { readonly outcome: 'unresolved'; readonly reason: string };

export interface TrustedUrls {
  submit(): TrustedUrl;
  models(): TrustedUrl;
  /** @throws TypeError when `jobId` cannot be put into an address. */
  job(jobId: string): TrustedUrl;
  /** @throws TypeError when `jobId` cannot be put into an address. */
  content(jobId: string, index: number): TrustedUrl;
  /** Judges where a redirect from `from` points. The deadline bounds the name look-up. */
  follow(location: string, from: URL, deadline: Deadline): Promise<NextHop>;
}

/** Which addresses a foreign host may have. */
export type AddressRule = (address: string) => boolean;

/**
 * The API root, its path ending in `/`.
 * @throws Error when it is not `https:` (or `http:` on loopback), or has credentials, a query or a fragment. The message
 * does not repeat the text, which may hold a secret.
 */
export function parseBaseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new Error('must be an address such as https://openrouter.ai/api/v1');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('must start with https://');
  if (url.username !== '' || url.password !== '') throw new Error('must not contain a user name or password');
  if (text.includes('?')) throw new Error('must not have a query ("?…")');
  if (text.includes('#')) throw new Error('must not have a fragment ("#…")');
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new Error('must start with https:// (http:// is for loopback only: the API key would travel in clear text)');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Decides for every request where it may go, and whether with the key. */
export function createTrustedUrls(base: URL, isAllowed: AddressRule = isPublicAddress): TrustedUrls {
  const configured = (path: string): TrustedUrl => trustConfigured(new URL(path, base));
  const jobPath = (jobId: string): string => {
    if (!isUsableJobId(jobId)) throw new TypeError('the job id cannot be put into an address');
    return `videos/${encodeURIComponent(jobId)}`;
  };
  return {
    submit: () => configured('videos'),
    models: () => configured('videos/models'),
    job: (jobId) => configured(jobPath(jobId)),
    content: (jobId, index) => configured(`${jobPath(jobId)}/content?index=${index}`),
    follow: async (location, from, deadline) => {
      if (!URL.canParse(location, from.href)) return { outcome: 'unresolved', reason: 'it redirects to no address' };
      const url = new URL(location, from);
      url.hash = '';
      // The origin of `blob:` addresses is that of another inside them.
      if (url.protocol === base.protocol && url.origin === base.origin)
        return { outcome: 'trusted', target: trustConfigured(url) };
      return await judgeForeign(url, { isAllowed, deadline });
    },
  };
}

function trustConfigured(url: URL): TrustedUrl {
  return trust({ url, getsKey: true, addresses: null });
}

function trust(target: Omit<TrustedUrl, typeof judged>): TrustedUrl {
  return target as TrustedUrl;
}

/** `https:` only: a video must not travel in clear text because a redirect says so. */
async function judgeForeign(
  url: URL,
  { isAllowed, deadline }: { isAllowed: AddressRule; deadline: Deadline },
): Promise<NextHop> {
  if (url.protocol !== 'https:') {
    return { outcome: 'forbidden', reason: `it redirects to ${url.protocol}//${url.host}, which is not https` };
  }
  let addresses: readonly LookupAddress[];
  try {
    addresses = await addressesOf(url, deadline);
  } catch (error) {
    return { outcome: 'unresolved', reason: `it redirects to ${url.host}: ${networkProblem(error)}` };
  }
  if (!addresses.every(({ address }) => isAllowed(address))) {
    return { outcome: 'forbidden', reason: `it redirects to ${url.host}, which is no public address` };
  }
  return { outcome: 'trusted', target: trust({ url, getsKey: false, addresses }) };
}

async function addressesOf(url: URL, deadline: Deadline): Promise<readonly LookupAddress[]> {
  const host = bareHost(url.hostname);
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  return await deadline.within(() => addressesOfForeign(host));
}
