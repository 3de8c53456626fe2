/** A payload cannot be read. The message names the key and the variable, and never a key or what was encrypted. */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError';
}

/** The one that an error is or was caused by, or `null`: the SDK wraps what a codec throws. */
export function decryptionErrorIn(error: unknown): DecryptionError | null {
  if (error instanceof DecryptionError) return error;
  return error instanceof Error && error.cause !== undefined ? decryptionErrorIn(error.cause) : null;
}
