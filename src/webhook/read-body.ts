import type { IncomingMessage } from 'node:http';

export interface BodyLimits {
  readonly maxBytes: number;
  /** For the whole body, in milliseconds: a sender that trickles must not hold a socket. */
  readonly withinMs: number;
}

export type BodyTrouble = 'too large' | 'too slow' | 'broken off';

/** The raw bytes of a request, or why there are none. What is over the limit is not kept. */
export async function readBody(
  request: IncomingMessage,
  { maxBytes, withinMs }: BodyLimits,
): Promise<Buffer | BodyTrouble> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return 'too large';
  return await new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (outcome: Buffer | BodyTrouble): void => {
      clearTimeout(timer);
      request.off('data', take);
      resolve(outcome);
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) settle('too large');
      else chunks.push(chunk);
    };
    const timer = setTimeout(() => {
      settle('too slow');
    }, withinMs);
    request.on('data', take);
    request.once('end', () => {
      settle(Buffer.concat(chunks));
    });
    request.once('close', () => {
      settle('broken off');
    });
    request.once('error', () => {
      settle('broken off');
    });
  });
}
