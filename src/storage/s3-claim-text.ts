/** An upload that a claim names, and the key that it goes to, which may be the sibling of the claim's own. */
export interface Recorded {
  readonly uploadId: string;
  readonly key: string;
}

type Unknown = { readonly [name in keyof Recorded | 'earlier']?: unknown };

export const NOTHING_RECORDED = '{}';

/** The last one stands where builds that know of no earlier ones look for it. */
export function claimText(uploads: readonly Recorded[]): string {
  const earlier = uploads.slice(0, -1);
  return JSON.stringify({ ...uploads.at(-1), ...(earlier.length === 0 ? {} : { earlier }) });
}

/** @param objectKey - the claim's own, which is meant where builds of old wrote down none. A damaged claim names nothing. */
export function recordedIn(text: string | undefined, objectKey: string): Recorded[] {
  try {
    const { earlier, ...last } = JSON.parse(text ?? NOTHING_RECORDED) as Unknown;
    const all: readonly Unknown[] = [...(Array.isArray(earlier) ? (earlier as Unknown[]) : []), last];
    return all.flatMap(({ uploadId, key = objectKey }) =>
      typeof uploadId === 'string' && typeof key === 'string' ? [{ uploadId, key }] : [],
    );
  } catch {
    return [];
  }
}
