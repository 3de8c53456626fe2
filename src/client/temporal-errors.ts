import { isGrpcDeadlineError, isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
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

/** By our own `close`, which no waiting mends. */
function isClosedHere(error: unknown): boolean {
  return error instanceof ServiceError && error.cause?.message === 'Channel has been shut down';
}

export function unknownRun(workflowId: string, listCommand = 'longtake list'): string {
  return `There is no run ${workflowId} in this namespace. To see which there are: ${listCommand}`;
}

export function unreachable(
  address: string | null,
  cause: unknown,
  { startCommand = 'longtake dev', isAddressSet = false } = {},
): LongtakeError {
  const set = isAddressSet ? ' It is set in this environment; where it should not be, unset it.' : '';
  const where = address === null ? 'Temporal' : `Temporal at ${address}`;
  return new LongtakeError(
    'TemporalUnreachable',
    `Cannot reach ${where}. Is it running, and is TEMPORAL_ADDRESS right?${set} To start one here: ${startCommand}`,
    { cause },
  );
}

export function isUnreachable(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isGrpcDeadlineError(cause)) return true;
  if (isGrpcServiceError(cause)) {
    // Something that speaks HTTP/2 and is no gRPC server answers with a status of HTTP's.
    if ((cause.code as number) === UNIMPLEMENTED) return /HTTP status code/i.test(cause.details);
    return [UNAVAILABLE, DEADLINE_EXCEEDED].includes(cause.code);
  }
  return error instanceof Error && /failed to connect|connection refused|ECONNREFUSED|ENOTFOUND/i.test(error.message);
}
