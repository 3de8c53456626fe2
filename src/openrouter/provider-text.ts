import { secretSpellings } from '../contract/secret-spellings.js';

const SECRET_LOOKING = /\bsk-[A-Za-z0-9_-]{8,}/g;
// Of an address, escaped or not, everything beyond the origin can be a signature; in running text the loss is small.
const ADDRESS = /((?:\\?\/|%2f){2})([^\s"'<>]+)/gi;
const AFTER_AUTHORITY = /[/?#\\]|%(?:2f|3f|23|5c)/i;
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?/i;
const QUERY = /(?:\?|%3f)[^\s"'<>]+/gi;
const SIGNATURE = /(signature|sig|hmac|token|credential|x-amz-[a-z0-9-]{1,60})(\s?(?:=|%3d)\s?["']?)[^\s"'<>&]+/gi;
const INVISIBLE = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Makes somebody else's text fit to be quoted: one line, at most `maxCharacters`, no secrets, of addresses the origin. */
export type Quote = (text: string) => string;

export function createQuote(apiKey: string, maxCharacters: number): Quote {
  const spellings = secretSpellings(apiKey);
  return (text) => {
    // The key goes first, so that no later cut leaves half of it; then most of a huge text, before anything slower.
    const withoutKey = spellings.reduce((rest, spelling) => rest.replaceAll(spelling, '[key]'), text);
    const line = withoutKey
      .slice(0, 16 * maxCharacters)
      .replace(INVISIBLE, ' ')
      .replace(SECRET_LOOKING, '[key]')
      .replace(ADDRESS, (_, slashes: string, rest: string) => slashes + originOf(rest))
      .replace(QUERY, '?…')
      .replace(SIGNATURE, '$1$2…')
      .trim()
      .toWellFormed();
    return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1).toWellFormed()}…`;
  };
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
