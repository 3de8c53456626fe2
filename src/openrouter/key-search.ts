import { decodedText } from './decoded-text.js';

/** So many letters and digits of a key in a row stand in no text by chance, if a digit is among them. */
const RUN = 12;
/** Letters alone can be words. */
const RUN_OF_LETTERS = 16;
/** How often one encoding may stand within another. */
const LAYERS = 2;

/** What stands between letters and has some of its own: tags, colours of a terminal, places in an object. */
const MARKUP = /<[^<>]*>|\[[\d;]*m|\b\d+"?\s?:/g;
const QUOTED_PRINTABLE = /=([0-9a-f]{2})/gi;
/** A number that no colon follows, which would make it the place of the next one. */
const BYTE = /\b\d{1,3}\b(?!"?\s?:)/g;

/**
 * Whether a text holds the key or a part that matters, whatever stands between its letters and digits, and in whatever of
 * the usual encodings. A key with fewer of them than a run has is never found: it stands in texts by chance.
 */
export function createKeySearch(apiKey: string): (text: string) => boolean {
  const key = lettersAndDigits(apiKey);
  const runs = [
    ...runsOf(key, RUN).filter((run) => /\d/.test(run)),
    ...runsOf(key, RUN_OF_LETTERS).filter((run) => !/\d/.test(run)),
  ];
  return (text) => {
    for (const reading of readingsOf(text, LAYERS)) {
      const read = lettersAndDigits(reading);
      if (runs.some((run) => read.includes(run))) return true;
    }
    return false;
  };
}

function lettersAndDigits(text: string): string {
  return text.replace(/[^a-z0-9]+/gi, '').toLowerCase();
}

function runsOf(text: string, length: number): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - length + 1) }, (_, start) => text.slice(start, start + length));
}

/** What a text may say. Most readings are noise, in which nothing is found. */
function* readingsOf(text: string, layers: number): Generator<string> {
  const plain = decodedText(text) ?? text;
  const printable = plain.replace(QUOTED_PRINTABLE, (_, hex: string) => fromHex(hex));
  yield* new Set([text, plain, plain.normalize('NFKD'), plain.replace(MARKUP, ''), printable]);
  if (layers === 0) return;
  for (const decoded of decodingsOf(plain)) yield* readingsOf(decoded, layers - 1);
}

/** As base64, hex and numbers that begin anywhere. */
function decodingsOf(text: string): readonly string[] {
  const base64 = text.replace(/[^a-z0-9]+/gi, ''); // its other digits are in nothing that a key is made of
  const hex = text.replace(/0x|[^0-9a-f]+/gi, '');
  return [
    ...[0, 1, 2, 3].map((start) => fromBase64(base64.slice(start))),
    ...[0, 1].map((start) => fromHex(hex.slice(start))),
    String.fromCharCode(...(text.match(BYTE) ?? []).map(Number)),
  ];
}

/** As bytes, which is enough for what a key is made of, also where each letter has two of them. */
function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}

function fromHex(digits: string): string {
  return Buffer.from(digits, 'hex').toString('latin1');
}
