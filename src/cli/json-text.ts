/** DEL and C1, which terminals obey as well, what breaks lines, and what turns the direction of text. */
const LEFT_RAW = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The same value in JSON that moves nothing on a terminal: `JSON.stringify` escapes no more than U+0000 to U+001F. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    LEFT_RAW,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
