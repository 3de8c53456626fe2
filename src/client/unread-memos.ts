import { WorkflowClient, type Client, type RawWorkflowExecutionInfo } from '@temporalio/client';
import { METADATA_ENCODING_KEY, type LoadedDataConverter, type PayloadCodec } from '@temporalio/common';
// As in pending-work.ts: not a public module, but the one the SDK's own client decodes with.
import { decodeMapFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { decryptionErrorIn } from '../encryption/decryption-error.js';

/** What the SDK's payload converter makes `undefined` of. */
const NOTHING = { metadata: { [METADATA_ENCODING_KEY]: Buffer.from('binary/null') } };

const LEAVE_UNREAD: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads),
  decode: (payloads) => Promise.resolve(payloads.map(() => NOTHING)),
};

/**
 * The same server, seen without what runs recorded: one memo that cannot be decrypted would end the whole list. Each is
 * read by itself, with `readMemo`.
 */
export function withUnreadMemos({ connection, options: { namespace } }: Client): WorkflowClient {
  return new WorkflowClient({ connection, namespace, dataConverter: { payloadCodecs: [LEAVE_UNREAD] } });
}

/** What a run recorded; or nothing, and why it cannot be read. */
export interface MemoReading {
  readonly memo: Record<string, unknown>;
  readonly problem: string | null;
}

export async function readMemo(
  { memo }: RawWorkflowExecutionInfo,
  converter: LoadedDataConverter,
): Promise<MemoReading> {
  try {
    return { memo: (await decodeMapFromPayloads(converter, memo?.fields)) ?? {}, problem: null };
  } catch (error) {
    return { memo: {}, problem: readingProblem(error) };
  }
}

/** Why something that a run recorded cannot be read. */
export function readingProblem(error: unknown): string {
  return decryptionErrorIn(error)?.message ?? (error instanceof Error ? error.message : String(error));
}
