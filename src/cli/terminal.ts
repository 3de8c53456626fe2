import { stripVTControlCharacters } from 'node:util';

type Stream = NodeJS.WriteStream;

/** Whether colour and cursor movement are welcome: a terminal, no NO_COLOR, not a dumb one. */
export function isRich(stream: Stream): boolean {
  return stream.isTTY && stream.hasColors();
}

/**
 * What others wrote (prompts, providers, servers) stays on its line and in its order, and neither moves the cursor nor
 * colours the screen.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\u202a-\u202e\u2066-\u2069]/gu, '')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu, ' ');
}

/** Cut to a terminal's width, so that the text stays on one line. */
export function fit(text: string, columns: number): string {
  let width = 0;
  let fitting = '';
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) return `${fitting.slice(0, -1)}…`;
    fitting += character;
  }
  return text;
}

/** Wide letters (Chinese, Japanese, Korean, emoji) take two columns; a rare one counted too wide does no harm. */
function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x1100 && !(code >= 0x2000 && code < 0x2e80) ? 2 : 1;
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export function paint(style: keyof typeof STYLES, text: string, stream: Stream = process.stderr): string {
  return isRich(stream) ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
}
