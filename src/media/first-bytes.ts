/** How many bytes `describeFirstBytes` looks at. */
export const FIRST_BYTES = 256;

const SIGNATURES: readonly (readonly [offset: number, hex: string, what: string])[] = [
  [0, '1a45dfa3', 'a WebM or Matroska file'],
  [0, '52494646', 'a RIFF file (AVI, WAV or WebP)'],
  [0, '1f8b', 'gzip-compressed data'],
  [0, '504b0304', 'a ZIP archive'],
  [0, '89504e47', 'a PNG picture'],
  [0, 'ffd8ff', 'a JPEG picture'],
  [0, '47494638', 'a GIF picture'],
  [0, '25504446', 'a PDF document'],
  [0, '4f676753', 'an Ogg file'],
  [0, '464c56', 'a Flash video'],
  [0, '494433', 'an MP3 file'],
  [0, '000001ba', 'an MPEG program stream'],
  [4, '73747970', 'one segment of a segmented video, without its beginning'],
  [4, '6d6f6f66', 'one fragment of a fragmented video, without its beginning'],
];

/**
 * What a file that is no MP4 looks like, for a message: `a JSON document`, `an HTML page`, … Never quotes the bytes: an
 * error document may hold a signed address.
 */
export function describeFirstBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing at all';
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, FIRST_BYTES));
  const known = SIGNATURES.find(([at, hex]) => buffer.toString('hex', at, at + hex.length / 2) === hex);
  if (known !== undefined) return known[2];
  if (buffer.every((byte) => byte === 0)) return 'zero bytes only';
  return describeText(buffer) ?? 'unknown binary data';
}

function describeText(buffer: Buffer): string | null {
  const text = buffer
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\ufffd{1,3}$/, ''); // a character cut in two
  if (/[\u0000-\u0008\u000e-\u001f\ufffd]/u.test(text)) return null;
  const start = text.trimStart().toLowerCase();
  if (/^[{[]/.test(start)) return 'a JSON document';
  if (/^<(!doctype html|html|head|body)/.test(start)) return 'an HTML page';
  if (start.startsWith('<')) return 'an XML document';
  if (start.startsWith('#extm3u')) return 'an HLS playlist';
  return 'plain text';
}
