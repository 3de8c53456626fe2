import { createHash, createSecretKey, type KeyObject } from 'node:crypto';

/** A key that cannot be printed by accident: neither logs nor errors show what a `KeyObject` holds. */
export interface EncryptionKey {
  /** Names the key in every payload that it encrypted: the first 8 hex digits of its SHA-256. */
  readonly id: string;
  readonly secret: KeyObject;
}

export interface EncryptionKeys {
  /** Encrypts whatever is new; `null`: nothing is encrypted. */
  readonly current: EncryptionKey | null;
  /** Only decrypt, in addition to `current`. */
  readonly old: readonly EncryptionKey[];
}

const KEY_BYTES = 32;
const ID_DIGITS = 8;

/** A key of exactly 32 bytes in base64, or `null` where the text is none. */
export function parseEncryptionKey(text: string): EncryptionKey | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== text) return null;
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, ID_DIGITS);
  return { id, secret: createSecretKey(bytes) };
}
