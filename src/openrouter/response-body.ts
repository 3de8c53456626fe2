import type { Readable } from 'node:stream';

/** Beyond this, to look at the whole after each chunk costs more than to wait for the end. */
const ENOUGH_BYTES = 64 * 1024;

/** What came of a body. */
export interface Received {
  readonly text: string;
  /** Why that may not be all: it passed the limit, or broke off. */
  readonly cut: 'too large' | { readonly error: unknown } | null;
}

/** The body up to its end, to where it breaks off or passes `maxBytes`, or until `isEnough`. Leaves nothing open. */
export async function receive(
  body: Readable,
  maxBytes: number,
  isEnough: (text: string) => boolean = () => false,
): Promise<Received> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const text = (): string => new TextDecoder().decode(Buffer.concat(chunks));
  ignoreLateErrors(body);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return { text: text(), cut: 'too large' }; // leaving the loop destroys the body
      if (bytes <= ENOUGH_BYTES && isEnough(text())) break;
    }
  } catch (error) {
    return { text: text(), cut: { error } };
  }
  return { text: text(), cut: null };
}

/** The whole body as text, or `null` as soon as it passes `maxBytes`. Rejects when it is cut off. Leaves nothing open. */
export async function readText(body: Readable, maxBytes: number): Promise<string | null> {
  const { text, cut } = await receive(body, maxBytes);
  if (cut === 'too large') return null;
  if (cut !== null) throw cut.error;
  return text;
}

/** Ends the transfer unread. */
export function discard(body: Readable): void {
  ignoreLateErrors(body);
  body.destroy();
}

/** A body that is destroyed reports that as an error, and an error nobody listens for ends the process. */
export function ignoreLateErrors(body: Readable): void {
  body.on('error', () => undefined);
}
