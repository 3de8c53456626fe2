import { createHash, randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEncryptionCodec } from '../../src/encryption/encryption-codec.js';
import { parseEncryptionKey, type EncryptionKey } from '../../src/encryption/encryption-keys.js';

const NONCE = 12;
const TAG = 16;
const TEXT = 'a plain word that must not be seen';

function keyOf(bytes: Buffer): EncryptionKey {
  const key = parseEncryptionKey(bytes.toString('base64'));
  if (key === null) throw new Error('no key');
  return key;
}

const [A, B, C] = [keyOf(randomBytes(32)), keyOf(randomBytes(32)), keyOf(randomBytes(32))];
const withA = createEncryptionCodec({ current: A, old: [] });
const off = createEncryptionCodec({ current: null, old: [] });

const bytes = fc.uint8Array({ maxLength: 200 });
const payloads: fc.Arbitrary<Payload[]> = fc.array(
  fc.record({ metadata: fc.dictionary(fc.string(), bytes), data: bytes }, { requiredKeys: ['metadata'] }),
  { maxLength: 4 },
);

/** As it is on the wire: a field that is not there and an empty one are the same. */
function plain({ metadata, data }: Payload): unknown {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('hex')]);
  return { metadata: Object.fromEntries(entries) as unknown, data: Buffer.from(data ?? []).toString('hex') };
}

function text(payload: Payload, name: string): string {
  return Buffer.from(payload.metadata?.[name] ?? []).toString();
}

const sample: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(TEXT)) };

async function encrypted(): Promise<{ metadata: Record<string, Uint8Array>; data: Uint8Array }> {
  const [payload] = await withA.encode([sample]);
  return { metadata: { ...payload?.metadata }, data: Uint8Array.from(payload?.data ?? []) };
}

describe('a key', () => {
  it.each([
    ['too short', randomBytes(31).toString('base64')],
    ['too long', randomBytes(33).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['without padding', randomBytes(32).toString('base64').slice(0, -1)],
    ['with a foreign character', `*${randomBytes(32).toString('base64').slice(1)}`],
    ['empty', ''],
  ])('is none when it is %s', (_what, value) => {
    expect(parseEncryptionKey(value)).toBeNull();
  });

  it('is named by the first 8 hex digits of its SHA-256', () => {
    const key = randomBytes(32);
    expect(keyOf(key).id).toBe(createHash('sha256').update(key).digest('hex').slice(0, 8));
  });

  it('is not shown by what prints everything', () => {
    const key = randomBytes(32);
    expect(JSON.stringify(keyOf(key))).not.toContain(key.toString('base64'));
  });
});

describe('payloads', () => {
  it('come back as they were, with all their metadata', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, async (given) => {
        const back = await withA.decode(await withA.encode(given));
        expect(back.map(plain)).toEqual(given.map(plain));
      }),
    );
  });

  it('show what the samples of Temporal show, and nothing of their own', async () => {
    const { metadata, data } = await encrypted();
    expect(Object.keys(metadata).sort()).toEqual(['encoding', 'encryption-key-id']);
    expect(text({ metadata }, 'encoding')).toBe('binary/encrypted');
    expect(text({ metadata }, 'encryption-key-id')).toBe(A.id);
    for (const word of [TEXT, 'json/plain']) expect(Buffer.from(data).includes(word)).toBe(false);
  });

  it('never look the same twice', async () => {
    const twice = await withA.encode([sample, sample]);
    expect(
      new Set(
        twice.map(({ data }) =>
          Buffer.from(data ?? [])
            .toString('hex')
            .slice(0, 2 * NONCE),
        ),
      ).size,
    ).toBe(2);
  });

  it('pass when they are not encrypted', async () => {
    expect(await withA.decode([sample, {}])).toEqual([sample, {}]);
  });

  it('are left alone without a key', async () => {
    expect(await off.encode([sample])).toEqual([sample]);
  });
});

describe('a payload that was tampered with', () => {
  const last = async (): Promise<number> => (await encrypted()).data.length - 1;

  it.each([
    ['the nonce', (at: number) => at % NONCE],
    ['the ciphertext', (at: number, end: number) => NONCE + (at % (end - NONCE - TAG))],
    ['the tag', (at: number, end: number) => end - (at % TAG)],
  ])('is refused, whichever bit of %s is other', async (_what, place) => {
    const end = await last();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(7), async (at, bit) => {
        const { metadata, data } = await encrypted();
        const index = place(at, end);
        data[index] = (data[index] ?? 0) ^ (1 << bit);
        await expect(withA.decode([{ metadata, data }])).rejects.toThrow(`the key ${A.id} was changed or cut off`);
      }),
    );
  });

  it('is refused at every shorter length, and with bytes behind it', async () => {
    const { metadata, data } = await encrypted();
    const others = [...data.keys()].map((length) => data.subarray(0, length)).concat(Uint8Array.from([...data, 0]));
    for (const other of others) {
      await expect(withA.decode([{ metadata, data: other }])).rejects.toThrow(/was changed or cut off/);
    }
    await expect(withA.decode([{ metadata }])).rejects.toThrow(/was changed or cut off/);
  });

  it('is refused when it claims another key', async () => {
    const both = createEncryptionCodec({ current: A, old: [B] });
    const { metadata, data } = await encrypted();
    metadata['encryption-key-id'] = Buffer.from(B.id);
    await expect(both.decode([{ metadata, data }])).rejects.toThrow(`the key ${B.id} was changed or cut off`);
  });

  it('shows nothing of it in the error', async () => {
    const { metadata, data } = await encrypted();
    data[NONCE] = (data[NONCE] ?? 0) ^ 1;
    const error: unknown = await withA.decode([{ metadata, data }]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DecryptionError' });
    expect(error).not.toHaveProperty('cause');
    expect(String(error)).not.toContain('plain word');
  });
});

describe('a key that is not there', () => {
  it('is named together with the variable', async () => {
    const given = await withA.encode([sample]);
    await expect(off.decode(given)).rejects.toThrow(
      `A payload is encrypted with the key ${A.id}, and no key is set. Set LONGTAKE_ENCRYPTION_KEY`,
    );
    await expect(createEncryptionCodec({ current: B, old: [C] }).decode(given)).rejects.toThrow(
      `the key ${A.id}, which is neither LONGTAKE_ENCRYPTION_KEY nor one of LONGTAKE_ENCRYPTION_OLD_KEYS`,
    );
  });

  it.each([
    ['none', undefined],
    ['a line of control characters', '\u001b[31mred'],
    ['a very long one', 'x'.repeat(65)],
  ])('is not quoted when its id is %s', async (_what, id) => {
    const { metadata, data } = await encrypted();
    delete metadata['encryption-key-id'];
    if (id !== undefined) metadata['encryption-key-id'] = Buffer.from(id);
    await expect(withA.decode([{ metadata, data }])).rejects.toThrow(/with an unnamed key, which is neither/);
  });
});

describe('rotation', () => {
  it('writes with the new key and reads with both', async () => {
    const rotating = createEncryptionCodec({ current: B, old: [C, A] });
    const [before] = await withA.encode([sample]);
    const [after] = await rotating.encode([sample]);
    expect(text(after ?? {}, 'encryption-key-id')).toBe(B.id);
    expect((await rotating.decode([before ?? {}, after ?? {}, sample])).map(plain)).toEqual(
      [sample, sample, sample].map(plain),
    );
  });

  it('only reads when there are old keys alone', async () => {
    const reading = createEncryptionCodec({ current: null, old: [A] });
    expect((await reading.decode(await withA.encode([sample]))).map(plain)).toEqual([plain(sample)]);
    expect(await reading.encode([sample])).toEqual([sample]);
  });
});
