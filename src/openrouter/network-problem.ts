/** A call that we ended ourselves; the message is for users. */
export class CallEnded extends Error {
  override readonly name = 'CallEnded';
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  ERR_CONNECTION_RESET: 'the connection was reset',
  ENOTFOUND: 'its name was not found',
  EAI_AGAIN: 'its name could not be resolved',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed before the answer was whole',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'nothing more came in time',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was shorter than announced',
};

/**
 * What went wrong on the way, in our own words. Never the error's own message: that may quote addresses or whatever
 * the other side chose to send.
 */
export function networkProblem(error: unknown): string {
  if (error instanceof CallEnded) return error.message;
  const code = codeOf(error);
  if (code === null) return 'the connection failed';
  if (code.startsWith('HPE_')) return 'the answer was not HTTP';
  return WORDS[code] ?? `the connection failed (${code})`;
}

function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(error.code) ? error.code : null;
}
