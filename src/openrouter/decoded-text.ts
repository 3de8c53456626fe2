/** So many encodings within each other are nobody's honest text. */
const MAX_LAYERS = 4;

const ESCAPE = /\\+(?:[ux]\{0*([0-9a-f]{1,6})\}|u(?:0000)?([0-9a-f]{4})|x([0-9a-f]{2})|0*([0-3]?[0-7]{2})|[nrt]|)/gi;
const ENTITY = /&(?:#x0*([0-9a-f]{1,6});?|#0*(\d{1,7});?|([a-z]{2,16});)/gi;
const PERCENT = /%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi;
/** Neither seen nor missed by a reader, but between two letters it hides a word from a search. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu;

/** Of the named entities those that an address, or what stands beside a secret, is made of. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", sol: '/', bsol: '\\', colon: ':', equals: '=', quest: '?' },
  ...{ num: '#', period: '.', comma: ',', semi: ';', commat: '@', percnt: '%', lowbar: '_', plus: '+', dash: '-' },
  ...{ hyphen: '-', nbsp: ' ', tab: ' ', newline: ' ', shy: '', zwj: '', zwnj: '', zerowidthspace: '' },
};

export function withoutUnseen(text: string): string {
  return text.replace(UNSEEN, '');
}

/** What a text says once the escapes of programs, entities and percent signs are read, or `null` where there is no end of them. */
export function decodedText(text: string): string | null {
  let read = text;
  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    const next = withoutUnseen(decodeOnce(read));
    if (next === read) return read;
    read = next;
  }
  return null;
}

function decodeOnce(text: string): string {
  return text
    .replace(ESCAPE, (escape, braced?: string, u?: string, x?: string, octal?: string) => {
      return character(braced ?? u ?? x, 16) ?? character(octal, 8) ?? (/[nrt]$/i.test(escape) ? ' ' : '');
    })
    .replace(ENTITY, (entity, hex?: string, decimal?: string, name = '') => {
      return character(hex, 16) ?? character(decimal, 10) ?? NAMED[String(name).toLowerCase()] ?? entity;
    })
    .replace(PERCENT, (percent, u?: string, byte?: string) => character(u ?? byte, 16) ?? percent);
}

function character(digits: string | undefined, radix: number): string | null {
  const code = parseInt(digits ?? '', radix);
  return code <= 0x10_ffff ? String.fromCodePoint(code) : null;
}
