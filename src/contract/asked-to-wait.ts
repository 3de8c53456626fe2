/**
 * The sentence, with a space before it, that a message has where the provider asks for patience by `Retry-After`; may be
 * longer than the run has. Nothing for 0, and for none.
 */
export function askedToWait(retryAfterMs: number | null | undefined): string {
  const seconds = Math.ceil((retryAfterMs ?? 0) / 1000);
  return seconds === 0 ? '' : ` The provider asks to wait ${seconds} s.`;
}
