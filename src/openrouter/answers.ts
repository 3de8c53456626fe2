/**
 * What one request to the provider came to, as values: every answer, and every way to get none, is exactly one of these.
 * Nothing here throws for what a network or a provider may do.
 */
import type { Readable } from 'node:stream';

/** A job as the provider describes it, read leniently. */
export interface Job {
  readonly id: string;
  /** Verbatim: `pending`, `in_progress`, `completed`, `failed`, `cancelled`, `expired`, `dead`, or a word not known yet. */
  readonly status: string;
  /** `usage.cost` in US dollars; `null` when the provider did not say or said something that is no amount. */
  readonly costUsd: number | null;
  /** The provider's own words about what went wrong, shortened. */
  readonly error: string | null;
  /** How many outputs the provider lists, by the longer of `unsigned_urls` and `urls`: at least 1, also when both are missing or empty. */
  readonly outputs: number;
  readonly model: string | null;
}

/** An answer after which more is asked: the same again, or, of an accepted job, how it goes. */
interface MayAskToWait {
  /** The provider's own `Retry-After`, in milliseconds: no request before it is over. `null` without one. */
  readonly retryAfterMs: number | null;
}

/** No usable answer to a read; says nothing about the job. */
export interface Trouble extends MayAskToWait {
  readonly outcome: 'trouble';
  readonly httpStatus: number | null;
  readonly message: string;
}

/** 401 or 403: the key is refused. */
export interface Denied extends MayAskToWait {
  readonly outcome: 'denied';
  readonly httpStatus: 401 | 403;
  readonly message: string;
}

/** 404. */
export interface Missing extends MayAskToWait {
  readonly outcome: 'missing';
  readonly message: string;
}

export type SubmitAnswer =
  | ({ readonly outcome: 'accepted'; readonly job: Job } & MayAskToWait)
  /** The provider said no, for good; `httpStatus` 401, 402, 403, another 4xx (never 408), or a redirect. */
  | { readonly outcome: 'refused'; readonly httpStatus: number; readonly message: string }
  /** Provably no job: no byte of the request left, or the answer was 429, or 503 in OpenRouter's own words. May be sent again. */
  | ({
      readonly outcome: 'not_accepted';
      readonly httpStatus: number | null;
      readonly message: string;
    } & MayAskToWait)
  /** A paid job may exist. Never sent again by itself. */
  | { readonly outcome: 'unknown'; readonly httpStatus: number | null; readonly message: string };

export type PollAnswer = ({ readonly outcome: 'job'; readonly job: Job } & MayAskToWait) | Missing | Denied | Trouble;

/** By what a file is known again: a strong validator (RFC 9110, 8.8.1), an entity tag or a date, and the length. */
export interface FileIdentity {
  readonly validator: string;
  readonly totalBytes: number;
}

/** The rest of a transfer that broke off. */
export interface Continuation {
  readonly file: FileIdentity;
  /** How many bytes came before. */
  readonly from: number;
}

export type ContentAnswer =
  | ({
      readonly outcome: 'content';
      /** The bytes as they come; destroying it ends the transfer. Errors and idle time-outs arrive as stream errors. */
      readonly body: Readable;
      /** Of the whole file, from `Content-Length`, when there is one that can be believed. */
      readonly contentLength: number | null;
      /** Whether HTTP tells where the file ends, by a length or by chunks; else the end of the connection is all there is. */
      readonly endIsTold: boolean;
      readonly contentType: string | null;
      /** What a continuation of this transfer must prove, or `null` when it could prove nothing. */
      readonly file: FileIdentity | null;
    } & MayAskToWait)
  | Missing
  /** 410: asking again cannot help. */
  | { readonly outcome: 'gone'; readonly message: string }
  /** A redirect that must not be followed, which may be a slip of the provider. */
  | ({ readonly outcome: 'astray'; readonly message: string } & MayAskToWait)
  | Denied
  | Trouble;

/** One entry of `GET /videos/models`; `null` means "not declared", so not checkable. */
export interface VideoModel {
  readonly id: string;
  readonly canonicalSlug: string | null;
  readonly name: string | null;
  readonly description: string | null;
  readonly durations: readonly number[] | null;
  readonly resolutions: readonly string[] | null;
  readonly aspectRatios: readonly string[] | null;
  readonly sizes: readonly string[] | null;
  readonly frameImages: readonly string[] | null;
  readonly generateAudio: boolean | null;
  readonly seed: boolean | null;
  readonly passthroughParameters: readonly string[] | null;
  /** Decimal strings, by SKU name. */
  readonly pricingSkus: Readonly<Record<string, string>> | null;
}

export type ModelsAnswer = { readonly outcome: 'models'; readonly models: readonly VideoModel[] } | Denied | Trouble;

export interface CallOptions {
  /** Ends the call early; the answer then is `trouble` (a read) or `unknown` (a submit that had left). */
  readonly signal?: AbortSignal | undefined;
}

export interface SubmitOptions extends CallOptions {
  /** Asked once the connection stands, right before the first byte. Where it rejects nothing leaves, and `submit` rejects the same. */
  readonly beforeItLeaves?: (() => Promise<void>) | undefined;
}

export interface ContentOptions extends CallOptions {
  /** Asks for the rest of a file. Whatever does not prove to be that rest is `trouble`, never `content`. */
  readonly continues?: Continuation | undefined;
}

/** The four calls there are. One call makes one attempt (a content read also follows its redirects). */
export interface OpenRouter {
  submit(body: Readonly<Record<string, unknown>>, options?: SubmitOptions): Promise<SubmitAnswer>;
  poll(jobId: string, options?: CallOptions): Promise<PollAnswer>;
  /** `index` counts from 0. */
  content(jobId: string, index: number, options?: ContentOptions): Promise<ContentAnswer>;
  models(options?: CallOptions): Promise<ModelsAnswer>;
  close(): Promise<void>;
}
