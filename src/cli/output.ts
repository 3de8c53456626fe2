import { jsonText } from './json-text.js';
import { isRich, paint, plain } from './terminal.js';

/** Rewritten in place at the foot of the terminal; empty when there is none. */
let footer = '';

/** One line for people, on standard error: standard output stays clean. Colour comes with the `mark` before it alone. */
export function say(line: string, mark = ''): void {
  write(process.stderr, `${mark}${plain(line)}`);
}

export function warn(line: string): void {
  say(line, `${paint('yellow', '!')} `);
}

export function complain(text: string): void {
  write(process.stderr, `${paint('red', 'error:')} ${text.split('\n').map(plain).join('\n')}`);
}

/** One line of the result, on standard output. */
export function print(line: string, mark = ''): void {
  write(process.stdout, `${mark}${plain(line)}`);
}

/** What the columns below it are. */
export function printHeading(line: string): void {
  write(process.stdout, paint('bold', line, process.stdout));
}

/** One JSON document on one line. */
export function printJson(value: unknown): void {
  write(process.stdout, jsonText(value));
}

function write(stream: NodeJS.WriteStream, text: string): void {
  const kept = footer;
  setFooter('');
  stream.write(`${text}\n`);
  setFooter(kept);
}

/** Shows `text` as the last line and rewrites it from then on; `''` takes it away. Only on a terminal. */
export function setFooter(text: string): void {
  if (text === footer || !isRich(process.stderr)) return;
  process.stderr.write(`\r\u001b[2K${text}`);
  footer = text;
}
