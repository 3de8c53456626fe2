import type { ServerResponse } from 'node:http';
import { CLIP } from '../test/support/provider.js';

const CHUNK = Buffer.alloc(256 * 1024);

/** A whole video of any size: a small clip and a box of padding, which the format calls `free`. */
export function bigVideoBytes(paddingBytes: number): number {
  return CLIP.length + 16 + paddingBytes;
}

/** Streams it, at the pace of the reader. */
export async function sendBigVideo(response: ServerResponse, paddingBytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': String(bigVideoBytes(paddingBytes)) });
  response.write(CLIP);
  const header = Buffer.alloc(16);
  header.writeUInt32BE(1, 0);
  header.write('free', 4);
  header.writeBigUInt64BE(BigInt(16 + paddingBytes), 8);
  response.write(header);
  for (let left = paddingBytes; left > 0; left -= CHUNK.length) {
    const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
    if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve));
    if (response.destroyed) return;
  }
  response.end();
}
