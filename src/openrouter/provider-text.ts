const SECRET_LOOKING = /\bsk-[A-Za-z0-9_-]{8,}/g;
// A query can be a signature, escaped or not; in running text the loss is small.
const QUERY = /(?:\?|%3f)[^\s"'<>]+/gi;
const USER_INFO = /\/\/[^\s/@"'<>]+@/g;
const INVISIBLE = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Makes somebody else's text fit to be quoted: one line, at most `maxCharacters`, without secrets and queries. */
export type Quote = (text: string) => string;

export function createQuote(apiKey: string, maxCharacters: number): Quote {
  return (text) => {
    // The key goes first, so that no later cut leaves half of it; then most of a huge text, before anything slower.
    const withoutKey = text.replaceAll(apiKey, '[key]').slice(0, 16 * maxCharacters);
    const line = withoutKey
      .replace(INVISIBLE, ' ')
      .replace(SECRET_LOOKING, '[key]')
      .replace(QUERY, '?…')
      .replace(USER_INFO, '//')
      .trim()
      .toWellFormed();
    return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1).toWellFormed()}…`;
  };
}
