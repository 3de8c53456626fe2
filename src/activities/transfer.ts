import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Mp4Probe, type Mp4Verdict } from '../media/mp4-probe.js';
import type { VideoWrite } from '../storage/port.js';

export interface Transferred {
  readonly bytes: number;
  readonly sha256: string;
  readonly verdict: Mp4Verdict;
}

/** The cap was passed. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/**
 * Moves bytes from the socket into the storage, one chunk at a time: hashed, checked and counted on the way, held by
 * nobody. The storage's pace is the socket's pace.
 * @throws TooLarge beyond `maxBytes`; whatever the stream or the storage throws
 */
export async function transfer(
  body: Readable,
  into: Pick<VideoWrite, 'write'>,
  options: { readonly maxBytes: number; readonly onProgress: (bytes: number) => void },
): Promise<Transferred> {
  const hash = createHash('sha256');
  const probe = new Mp4Probe();
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > options.maxBytes) throw new TooLarge();
    hash.update(chunk);
    probe.push(chunk);
    await into.write(chunk);
    options.onProgress(bytes);
  }
  return { bytes, sha256: hash.digest('hex'), verdict: probe.finish() };
}
