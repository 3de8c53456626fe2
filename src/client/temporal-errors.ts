import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  type ConnectionOptions,
} from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { decryptionErrorIn } from '../encryption/decryption-error.js';
import { LongtakeError } from './errors.js';

const UNAVAILABLE = 14;
const DEADLINE_EXCEEDED = 4;
const UNIMPLEMENTED = 12;

/** Temporal's and gRPC's errors in longtake's words; anything else as it is. */
export function translated(error: unknown, workflowId: string | null, address: string | null): unknown {
  if (error instanceof LongtakeError) return error;
  if (error instanceof WorkflowNotFoundError) {
    if (/already completed|aborted by closing workflow/i.test(error.message)) {
      return new LongtakeError('RunClosed', `The run ${workflowId ?? ''} is closed already.`, {
        workflowId,
        cause: error,
      });
    }
    return new LongtakeError('NotFound', unknownRun(workflowId ?? ''), { workflowId, cause: error });
  }
  if (isUnreachable(error)) return unreachable(address, error);
  if (isClosedHere(error)) {
    return new LongtakeError('Unexpected', 'This client is closed. Connect a new one.', { workflowId, cause: error });
  }
  const undecryptable = decryptionErrorIn(error);
  if (undecryptable !== null) {
    return new LongtakeError('Undecryptable', undecryptable.message, { workflowId, cause: error });
  }
  return error;
}

/** What came of a start that was sent, other than a yes. Whoever then starts under another id may pay twice. */
export function startProblem(error: unknown, workflowId: string, address: string | null): unknown {
  if (provesNoStart(error)) return translated(error, workflowId, address);
  const isAway = isUnreachable(error);
  const what = isAway ? unreachable(address, error).message : `Temporal did not confirm the start: ${wordsOf(error)}.`;
  return new LongtakeError(
    isAway ? 'TemporalUnreachable' : 'StartUnknown',
    `${what} Run ${workflowId} may have been started all the same; the same id again starts no second one.`,
    { workflowId, cause: error },
  );
}

/** gRPC INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED: a server that says one of these has started nothing. */
const REFUSALS: ReadonlySet<number> = new Set([3, 7, 16]);

function provesNoStart(error: unknown): boolean {
  if (error instanceof NamespaceNotFoundError || isClosedHere(error)) return true;
  if (error instanceof WorkflowNotFoundError || isUnreachable(error)) return false;
  if (!(error instanceof ServiceError)) return true; // before anything was sent
  const { cause } = error;
  return isGrpcServiceError(cause) && REFUSALS.has(cause.code) && !isStatusOfHttp(cause);
}

/** gRPC keeps the useful words one level down. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** By our own `close`, which no waiting mends. */
function isClosedHere(error: unknown): boolean {
  return error instanceof ServiceError && error.cause?.message === 'Channel has been shut down';
}

export function unknownRun(workflowId: string, listCommand = 'longtake list'): string {
  return `There is no run ${workflowId} in this namespace. To see which there are: ${listCommand}`;
}

interface UnreachableHints {
  readonly startCommand?: string;
  readonly isAddressSet?: boolean;
  readonly isTls?: boolean;
}

export function unreachable(
  address: string | null,
  cause: unknown,
  { startCommand = 'longtake dev', isAddressSet = false, isTls = false }: UnreachableHints = {},
): LongtakeError {
  const set = isAddressSet ? ' It is set in this environment; where it should not be, unset it.' : '';
  const tls = isTls
    ? ' It is asked over TLS (TEMPORAL_TLS, or TEMPORAL_API_KEY): does it speak that, with a certificate that is trusted here?'
    : '';
  const where = address === null ? 'Temporal' : `Temporal at ${address}`;
  return new LongtakeError(
    'TemporalUnreachable',
    `Cannot reach ${where}. Is it running, and is TEMPORAL_ADDRESS right?${tls}${set} To start one here: ${startCommand}`,
    { cause },
  );
}

/** A key alone turns it on. */
export function usesTls({ tls, apiKey }: ConnectionOptions): boolean {
  return Boolean(tls ?? apiKey);
}

/** What came of an attempt to connect, other than a connection. Refused credentials are no place that cannot be reached. */
export function connectProblem(address: string, error: unknown, hints: UnreachableHints = {}): Error {
  const refused = refusedCredentials(error);
  if (refused === null) return unreachable(address, error, hints);
  const message = `Temporal at ${address} refuses the credentials (it says: ${refused.details}). Are TEMPORAL_API_KEY, or the TLS certificates, those of this place, and do they have its permission?`;
  return new ServiceError(message, { cause: refused });
}

/** gRPC PERMISSION_DENIED, UNAUTHENTICATED. */
const REFUSED_CREDENTIALS: ReadonlySet<number> = new Set([7, 16]);

function refusedCredentials(error: unknown) {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && REFUSED_CREDENTIALS.has(cause.code) && !isStatusOfHttp(cause) ? cause : null;
}

export function isUnreachable(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isGrpcDeadlineError(cause)) return true;
  if (isGrpcServiceError(cause)) {
    if ((cause.code as number) === UNIMPLEMENTED) return isStatusOfHttp(cause);
    return [UNAVAILABLE, DEADLINE_EXCEEDED].includes(cause.code);
  }
  return error instanceof Error && /failed to connect|connection refused|ECONNREFUSED|ENOTFOUND/i.test(error.message);
}

/** Something that speaks HTTP/2 and is no gRPC server, such as a proxy, answers with a status of HTTP's. */
function isStatusOfHttp({ details }: { readonly details: string }): boolean {
  return /HTTP status code/i.test(details);
}
