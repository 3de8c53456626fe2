/** What is shorter stands in every text by chance: to hide it makes the text unreadable, and tells what it is. */
const LEAST_CHARACTERS = 4;
/** Below this a piece of base64 stands in too many texts by chance. */
const LEAST_BYTES = 8;

/**
 * Every way in which a secret may stand in a text: as it is, as JSON and as addresses write it, and as the base64 of it or
 * of something longer that holds it, where three forms are possible.
 */
export function secretSpellings(secret: string): readonly string[] {
  if (secret.length < LEAST_CHARACTERS) return [];
  const plain = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  const bytes = Buffer.from(secret);
  const encoded = bytes.length < LEAST_BYTES ? [] : [0, 1, 2].map((before) => withinBase64(bytes, before));
  const forAddresses = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([...plain, ...encoded, ...forAddresses])];
}

/** The digits that hold nothing but the secret, `before` bytes after a multiple of three. */
function withinBase64(secret: Buffer, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), secret]);
  return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
}
