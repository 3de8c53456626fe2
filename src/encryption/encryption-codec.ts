import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { DecryptionError } from './decryption-error.js';
import type { EncryptionKey, EncryptionKeys } from './encryption-keys.js';
import { seal, unseal } from './seal.js';

/** Metadata of an encrypted payload: names and values of Temporal's own samples, so that other languages read it. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

const PayloadMessage = proto.temporal.api.common.v1.Payload;

/**
 * Encrypts whole payloads, their metadata included, with the current key, and decrypts with any key that there is. What
 * is not encrypted passes: histories from before, and runs of a longtake without a key. See
 * docs/decisions/0014-encryption.md.
 */
export function createEncryptionCodec({ current, old }: EncryptionKeys): PayloadCodec {
  const keys = new Map([...old, ...(current === null ? [] : [current])].map((key) => [key.id, key]));
  return {
    encode: (payloads) => settled(() => (current === null ? payloads : payloads.map((one) => encrypt(one, current)))),
    decode: (payloads) => settled(() => payloads.map((one) => (isEncrypted(one) ? decrypt(one, keys) : one))),
  };
}

function encrypt(payload: Payload, { id, secret }: EncryptionKey): Payload {
  return {
    metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
    data: seal(PayloadMessage.encode(payload).finish(), secret),
  };
}

function decrypt(payload: Payload, keys: ReadonlyMap<string, EncryptionKey>): Payload {
  const id = textOf(payload, KEY_ID);
  const key = keys.get(id);
  if (key === undefined) throw new DecryptionError(unknownKey(id, keys.size));
  const plain = unseal(payload.data ?? new Uint8Array(), key.secret);
  if (plain === null) {
    throw new DecryptionError(
      `A payload encrypted with the key ${id} was changed or cut off, and cannot be decrypted.`,
    );
  }
  return PayloadMessage.decode(plain);
}

function unknownKey(id: string, known: number): string {
  // What stands there may be anybody's text.
  const which = /^[\x21-\x7e]{1,64}$/.test(id) ? `the key ${id}` : 'an unnamed key';
  const what = `A payload is encrypted with ${which}`;
  return known === 0
    ? `${what}, and no key is set. Set LONGTAKE_ENCRYPTION_KEY here as the other processes of this namespace have it.`
    : `${what}, which is neither LONGTAKE_ENCRYPTION_KEY nor one of LONGTAKE_ENCRYPTION_OLD_KEYS. Add it to the latter.`;
}

function isEncrypted(payload: Payload): boolean {
  return textOf(payload, METADATA_ENCODING_KEY) === ENCODING;
}

function textOf({ metadata }: Payload, name: string): string {
  const value = metadata?.[name];
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}

/** What `work` throws comes as a rejection. */
async function settled<T>(work: () => T): Promise<T> {
  return await Promise.resolve().then(work);
}
