/** A place where a secret must not be: what it is called, and everything that is there. */
export interface Place {
  readonly name: string;
  readonly content: string | Buffer;
}

/** `secret NAME in PLACE, as SPELLING` for every spelling of every secret that stands in one of the places. */
export function leaksIn(places: readonly Place[], secrets: Readonly<Record<string, string>>): string[] {
  return places.flatMap(({ name: place, content }) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      [...spellingsOf(secret)]
        .filter(([, text]) => content.includes(text))
        .map(([spelling]) => `${name} in ${place}, as ${spelling}`),
    ),
  );
}

/** As a secret may have got somewhere without anybody having written it there: quoted, in an address, in a payload. */
function spellingsOf(secret: string): ReadonlyMap<string, string> {
  return new Map([
    ['it is', secret],
    ['JSON writes it', JSON.stringify(secret).slice(1, -1)],
    ['an address writes it', encodeURIComponent(secret)],
    ['hex', Buffer.from(secret).toString('hex')],
    ...[0, 1, 2].flatMap((before) =>
      (['base64', 'base64url'] as const).map(
        (encoding) => [`${encoding} after ${before}`, inside(secret, before, encoding)] as const,
      ),
    ),
  ]);
}

/** What is the same in the base64 of every text that holds the secret `before` bytes after a multiple of three. */
function inside(secret: string, before: number, encoding: 'base64' | 'base64url'): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const first = Math.ceil((before * 8) / 6);
  return bytes.toString(encoding).slice(first, Math.floor((bytes.length * 8) / 6));
}
