import { isRich, paint } from './terminal.js';

/** Rewritten in place at the foot of the terminal; empty when there is none. */
let footer = '';

/** One line for people, on standard error: standard output stays clean. */
export function say(line: string): void {
  const kept = footer;
  setFooter('');
  process.stderr.write(`${line}\n`);
  setFooter(kept);
}

export function warn(line: string): void {
  say(`${paint('yellow', '!')} ${line}`);
}

export function complain(text: string): void {
  say(`${paint('red', 'error:')} ${text}`);
}

/** One line of the result, on standard output. */
export function print(line: string): void {
  const kept = footer;
  setFooter('');
  process.stdout.write(`${line}\n`);
  setFooter(kept);
}

/** One JSON document on one line. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Shows `text` as the last line and rewrites it from then on; `''` takes it away. Only on a terminal. */
export function setFooter(text: string): void {
  if (text === footer || !isRich(process.stderr)) return;
  process.stderr.write(`\r\u001b[2K${text}`);
  footer = text;
}
