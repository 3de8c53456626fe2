import { StorageError } from './port.js';

const CREDENTIALS =
  'the credentials are refused; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the AWS profile)';
const EXPIRED = 'the credentials have run out; renew them and restart the worker';
const RIGHTS =
  'the credentials do not allow it; grant s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload below the prefix';
const REGION = 'the bucket is in another region; set AWS_REGION to it';
const LOST = 'another attempt or a clean-up took over; it is tried again';
const BUSY = 'the storage is overloaded; try again later, or run fewer downloads at once';
const UNREACHABLE = 'the storage cannot be reached; check LONGTAKE_S3_ENDPOINT and the network';
const TROUBLED = 'the storage is in trouble; try again later, or look what is wrong with it';
const MOVING = 'something else is going on with the same key or bucket; try again later';
const GARBLED = 'what answers does not speak HTTP as a storage does; check LONGTAKE_S3_ENDPOINT and what is in between';
const SILENT = 'the storage does not answer; check LONGTAKE_S3_ENDPOINT and the network';

/** What a user can do about each answer; the words complete "… failed: <what happened>; <what to do>". */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'the bucket does not exist; create it or correct LONGTAKE_STORAGE',
  AccessDenied: RIGHTS,
  AllAccessDisabled: RIGHTS,
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  XAdminUserNotFound: CREDENTIALS,
  CredentialsProviderError:
    'no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
  ExpiredToken: EXPIRED,
  InvalidToken: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  RequestTimeTooSkewed: 'the clock of this machine is wrong; set it',
  NotImplemented:
    'the storage lacks a function that longtake needs (conditional writes, multipart uploads); choose another one',
  KeyTooLongError: 'the key is longer than the storage allows; choose a shorter output key or prefix',
  BadDigest: 'the bytes arrived changed; check the network and the memory of this machine',
  NoSuchUpload: LOST,
  InvalidPart: LOST, // the answer of some when the upload was aborted meanwhile
  PreconditionFailed: LOST,
  NoSuchKey: LOST,
  SlowDown: BUSY,
  ServiceUnavailable: BUSY,
  TooManyRequests: BUSY,
  NoResult: GARBLED,
  OperationAborted: MOVING,
  ConditionalRequestConflict: MOVING,
  RequestTimeout: SILENT, // the storage has waited for the body
  TimeoutError: SILENT,
  ABORT_ERR: SILENT,
  AbortError: SILENT, // how the SDK names a request that was not answered in the time it was given
  ECONNABORTED: UNREACHABLE,
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  EPIPE: UNREACHABLE,
  EPROTO: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
};

/** For answers without a code of S3's own, as what stands in front of a storage gives them. */
const ADVICE_BY_STATUS: Readonly<Record<number, string>> = { 200: GARBLED, 408: SILENT, 429: BUSY };

const PASSING: ReadonlySet<string> = new Set([BUSY, TROUBLED, MOVING, GARBLED, SILENT, UNREACHABLE]);

const UNKNOWN = 'the storage refused; look the code up in its documentation';

/** How S3, or the way to it, names what went wrong: `NoSuchBucket`, `ECONNREFUSED`, … */
export function s3ErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownError';
  const { Code, code, name } = error as Error & { readonly Code?: unknown; readonly code?: unknown };
  const words = [Code, code, name].filter((word) => typeof word === 'string');
  return words.find((word) => /^[A-Za-z][\w.]{0,60}$/.test(word)) ?? 'UnknownError';
}

/** The storage is off, overloaded or out of reach, and may be back in a moment. */
export function isPassing(error: unknown): boolean {
  if (isNotImplemented(error)) return false;
  return statusOf(error) >= 500 || PASSING.has(adviceFor(error) ?? '');
}

/** The credentials are known, and are not enough; or what stands in front of the storage lets nobody through. */
export function isDenied(error: unknown): boolean {
  const code = s3ErrorCode(error);
  if (Object.hasOwn(ADVICE, code)) return ADVICE[code] === RIGHTS;
  return [401, 403].includes(statusOf(error));
}

/** The service has no such call, or not with these conditions. */
export function isNotImplemented(error: unknown): boolean {
  return ['NotImplemented', 'MethodNotAllowed'].includes(s3ErrorCode(error)) || [405, 501].includes(statusOf(error));
}

/** What was to be ended is not there. */
export function isGone(error: unknown): boolean {
  const code = s3ErrorCode(error);
  return code === 'NoSuchUpload' || (statusOf(error) === 404 && code !== 'NoSuchBucket');
}

/**
 * An error of the SDK as the contract's `StorageFailed`, in our own words: an answer's text, and the error itself, may hold
 * addresses and headers. A `StorageError` passes through as it is.
 * @param doing - what was tried, such as `Saving "a.mp4" in s3://bucket`
 */
export function s3Trouble(doing: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError('StorageFailed', `${doing} failed: ${adviceFor(error) ?? UNKNOWN} (${s3ErrorName(error)}).`);
}

function adviceFor(error: unknown): string | undefined {
  const code = s3ErrorCode(error);
  if (Object.hasOwn(ADVICE, code)) return ADVICE[code];
  if (code.startsWith('HPE_')) return GARBLED;
  const status = statusOf(error);
  return ADVICE_BY_STATUS[status] ?? (status >= 500 ? TROUBLED : undefined);
}

/** Its code, or its status where the SDK found no code in it. */
export function s3ErrorName(error: unknown): string {
  const code = s3ErrorCode(error);
  const status = statusOf(error);
  return status > 0 && ['Error', 'Unknown', 'UnknownError'].includes(code) ? `HTTP ${status}` : code;
}

/** 0 where there was no answer. */
function statusOf(error: unknown): number {
  const { $metadata } = Object(error) as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode ?? 0;
}
