/** Temporal's UI reads what describes a run as Markdown, and sets mathematics between two dollar signs. */

/** An empty line would end whatever the text stands in. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Inline code that holds other people's text: its fence is longer than any run of backticks in it. */
export function code(text: string): string {
  const inside = oneLine(text);
  const fence = '`'.repeat(1 + Math.max(0, ...(inside.match(/`+/g) ?? []).map(({ length }) => length)));
  const gap = /^`|`$/.test(inside) ? ' ' : '';
  return `${fence}${gap}${inside}${gap}${fence}`;
}

/** Other people's text as text: nothing in it is Markdown or HTML. */
export function plain(text: string): string {
  return escaped(oneLine(text));
}

function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>#|~!$]/g, (character) => `\\${character}`);
}

/** As `commands.ts` writes them, with every word that has to be quoted. What follows is text again: a full stop ends a sentence, and no plain word. */
const WORD = String.raw`(?:'[^']*'|\\'|[\w/@%+=-]|[.,:](?! ))+`;
const OPTION = `--(?:output|adopt)[ =]${WORD}|--(?:overwrite|resubmit|abandon)`;
const COMMAND = `(?<=: )longtake [a-z]+(?: (?:${OPTION}))*(?: --)? ${WORD}`;
const FLAG = String.raw`(?<![\w-])--[a-z]+(?:-[a-z]+)*(?![\w-])`;
const TO_BE_COPIED = new RegExp(`(${COMMAND}|${FLAG})`);

/** A message as text, but for its commands and flags: of two dashes in a text the UI would make one long one. */
export function prose(text: string): string {
  const parts = oneLine(text).split(TO_BE_COPIED);
  return parts.map((part, index) => (index % 2 === 1 ? code(part) : escaped(part))).join('');
}
