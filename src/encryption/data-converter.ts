import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createEncryptionCodec } from './encryption-codec.js';
import type { EncryptionKeys } from './encryption-keys.js';

/** Also without any key: what is encrypted is then refused in clear words. Failures are read in either form. */
export function clientDataConverter(keys: EncryptionKeys): DataConverter {
  return { payloadCodecs: [createEncryptionCodec(keys)] };
}

/** Failures are written by workers: with a key, their messages and stack traces become payloads as well. */
export function workerDataConverter(keys: EncryptionKeys): DataConverter {
  const converter = clientDataConverter(keys);
  return keys.current === null ? converter : { ...converter, failureConverterPath: failureConverterPath() };
}

/** The SDK loads it by itself, with `require`; it is compiled, also when this module itself runs from source. */
function failureConverterPath(): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/encryption/' : './';
  return fileURLToPath(new URL(`${folder}failure-converter.cjs`, import.meta.url));
}
