import type { Readable } from 'node:stream';

/** The whole body as text, or `null` as soon as it passes `maxBytes`. Rejects when it is cut off. Leaves nothing open. */
export async function readText(body: Readable, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  ignoreLateErrors(body);
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null; // leaving the loop destroys the body
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
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
