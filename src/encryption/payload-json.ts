import type { Payload } from '@temporalio/common';
import { z } from 'zod';

/** Bytes are base64, as everywhere in the JSON form of protobuf. */
const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));

/** As everywhere in that form, what is empty may be left out or `null`: so Temporal's CLI asks where there is no input. */
const payloadsMessage = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), bytes).nullish(), data: bytes.nullish() })).nullish(),
});

/** The body of a codec server's request, or `null` where it is none. */
export function parsePayloads(body: Buffer): Payload[] | null {
  try {
    const { payloads } = payloadsMessage.parse(JSON.parse(body.toString()));
    return (payloads ?? []).map(({ metadata, data }) => ({ metadata: metadata ?? {}, data: data ?? Buffer.alloc(0) }));
  } catch {
    return null;
  }
}

/** The body of its answer. */
export function payloadsJson(payloads: readonly Payload[]): string {
  return JSON.stringify({ payloads: payloads.map(jsonOf) });
}

function jsonOf({ metadata, data }: Payload): unknown {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]);
  return { metadata: Object.fromEntries(entries) as unknown, data: base64(data ?? new Uint8Array()) };
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}
