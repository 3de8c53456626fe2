import { secretSpellings } from '../contract/secret-spellings.js';
import { decodedText, withoutUnseen } from './decoded-text.js';
import { createKeySearch } from './key-search.js';

const SECRET_LOOKING = /\bsk-[A-Za-z0-9_-]{8,}/g;
// Of an address, escaped or not, everything beyond the origin can be a signature; in running text the loss is small.
const ADDRESS = /((?:\\?\/|%2f){2})([^\s"'<>]+)/gi;
const AFTER_AUTHORITY = /[/?#\\]|%(?:2f|3f|23|5c)/i;
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?/i;
const QUERY = /(?:\?|%3f)[^\s"'<>]+/gi;
const SIGNATURE = /(signature|sig|hmac|token|credential|x-amz-[a-z0-9-]{1,60})(\s?(?:=|%3d)\s?["']?)[^\s"'<>&]+/gi;
const INVISIBLE = /[\s\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** A secret after its name, however the two are set apart: where such a value ends is anybody's guess. Tokens are counted, too. */
const NAMED_SECRET =
  /(?!(?<![-\w])token: \d{1,7} (?:limit|tokens?|maximum|max)\b(?![-./]))(?:signature(?:provided)?|sig|hmac|token|credential|secret|password|authorization|api[-_ ]?key|x-amz-[a-z0-9-]{1,60})["']?\s*[:=]\s*["']?(?!…|\[key\])[^\s"'&,;]|bearer\s+(?:\S*\d|\S{16})/i;
/** Where it is closed: a name alone between such signs is how a place is told in which something is to be put. */
const SECRET_ELEMENT =
  /<[\w:.-]{0,60}(?:signature|hmac|token|credential|secret|password|authorization)[\w:.-]{0,60}(?:\s[^<>]{0,200})?>\s*[^\s<][^<]*<\//i;
const LEAST_WHOLE = 8;
const LEAST_PART = 16;
const NOT_QUOTED = '[not quoted: it holds an address or a secret]';

/**
 * Makes somebody else's text fit to be quoted: one line, at most `maxCharacters`, no secrets, of addresses the origin, and
 * nothing of the address that was `asked`, which may be signed in its path.
 */
export type Quote = (text: string, asked?: URL) => string;

export function createQuote(apiKey: string, maxCharacters: number): Quote {
  const spellings = secretSpellings(apiKey);
  const holdsKey = createKeySearch(apiKey);
  return (text, asked) => {
    const pieces = asked === undefined ? [] : piecesOf(asked);
    // Of a huge text no more is ever looked at.
    const start = without(spellings, withoutUnseen(text.slice(0, 16 * maxCharacters)), '[key]');
    const line = hide(without(pieces, start.replace(INVISIBLE, ' '), '…'))
      .trim()
      .toWellFormed();
    const quoted = line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1).toWellFormed()}…`;
    return holdsMore(line, pieces) || holdsKey(quoted) ? NOT_QUOTED : quoted;
  };
}

function without(secrets: readonly string[], text: string, mark: string): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, mark), text);
}

/** Path and query, whole and in parts, as they are and decoded, the longest first. What is short stands in texts by chance. */
function piecesOf({ pathname, search }: URL): readonly string[] {
  const path = pathname + search;
  const wholes = [path, pathname, search.slice(1)].filter(({ length }) => length >= LEAST_WHOLE);
  const parts = path.split(/[/?&=]/).filter(({ length }) => length >= LEAST_PART);
  const pieces = [...wholes, ...parts].flatMap((piece) => [piece, decodedText(piece) ?? piece]);
  return [...new Set(pieces)].sort((one, other) => other.length - one.length);
}

function hide(text: string): string {
  return text
    .replace(SECRET_LOOKING, '[key]')
    .replace(ADDRESS, (_, slashes: string, rest: string) => slashes + originOf(rest))
    .replace(QUERY, '?…')
    .replace(SIGNATURE, '$1$2…');
}

/** Whether a line has something left to hide, for whoever decodes it. There are too many encodings to cut it out of each. */
function holdsMore(line: string, pieces: readonly string[]): boolean {
  const decoded = decodedText(line);
  if (decoded === null || hide(decoded) !== decoded) return true;
  if (NAMED_SECRET.test(decoded) || SECRET_ELEMENT.test(decoded)) return true;
  const lowerCase = decoded.toLowerCase();
  return pieces.some((piece) => lowerCase.includes(piece.toLowerCase()));
}

/** Host and port, without who logs in there. What follows is replaced, unless it is the sentence's own comma or stop. */
function originOf(rest: string): string {
  const end = rest.search(AFTER_AUTHORITY);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const userInfo = /^.*(?:@|%40)/i.exec(authority)?.[0] ?? '';
  const host = HOST.exec(authority.slice(userInfo.length))?.[0] ?? '';
  const after = rest.slice(userInfo.length + host.length);
  return /^[.,:;!)]*$/.test(after) ? host + after : `${host}/…`;
}
