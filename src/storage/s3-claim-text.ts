/** An upload that a claim names, and the key that it goes to, which may be the sibling of the claim's own. */
export interface Recorded {
  readonly uploadId: string;
  readonly key: string;
}

type Unknown = Readonly<Record<string, unknown>>;

export const NOTHING_RECORDED = '{}';

/** The last one stands where builds that know of no earlier ones look for it. */
export function claimText(uploads: readonly Recorded[]): string {
  return JSON.stringify(contentOf(uploads));
}

/** Of a claim that a sweep has closed. It still names its uploads, and since when it was there, for a sweep that has to come again. */
export function closedText(uploads: readonly Recorded[], since: Date | null): string {
  return JSON.stringify({ ...contentOf(uploads), swept: since?.toISOString() ?? '' });
}

/** @returns `null` for a claim that is open */
export function closedIn(text: string): { readonly since: Date | null } | null {
  const { swept } = read(text);
  if (typeof swept !== 'string') return null;
  const since = new Date(swept);
  return { since: Number.isNaN(since.getTime()) ? null : since };
}

/**
 * @param keys - which its uploads may go to; builds of old wrote down none, and meant the first. What is damaged, or goes
 *   elsewhere, is none of its uploads.
 */
export function recordedIn(text: string | undefined, keys: readonly [string, ...string[]]): Recorded[] {
  const { earlier, ...last } = read(text ?? NOTHING_RECORDED);
  const all: readonly unknown[] = [...(Array.isArray(earlier) ? (earlier as unknown[]) : []), last];
  return all.filter(isObject).flatMap(({ uploadId, key = keys[0] }) => {
    const isUpload = typeof uploadId === 'string' && uploadId !== '' && typeof key === 'string' && keys.includes(key);
    return isUpload ? [{ uploadId, key }] : [];
  });
}

function contentOf(uploads: readonly Recorded[]): Unknown {
  const earlier = uploads.slice(0, -1);
  return { ...uploads.at(-1), ...(earlier.length === 0 ? {} : { earlier }) };
}

function read(text: string): Unknown {
  try {
    const content: unknown = JSON.parse(text);
    return isObject(content) ? content : {};
  } catch {
    return {};
  }
}

function isObject(content: unknown): content is Unknown {
  return typeof content === 'object' && content !== null;
}
