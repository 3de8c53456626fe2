/**
 * Output keys: `/`-separated names below the storage root. The rules are the same for every storage, so that a key
 * that works on a disk works in a bucket. Pure text: containment on the real path is the storage's own check.
 */

const MAX_KEY_BYTES = 900; // of what a caller names: S3 allows 1,024, and further outputs and siblings append something
const MAX_STORED_KEY_BYTES = 1024;
const MAX_JOB_ID_BYTES = 100; // as much of it as tells siblings apart
const MAX_EXTENSION_BYTES = 16; // what is longer is the rest of a sentence
const KEPT_CHARACTERS = 5;
const MAX_SEGMENT_BYTES = 255; // the longest file name common file systems take
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
// C0, DEL, C1, line and paragraph separators, bidirectional overrides and zero-width characters: invisible in a listing.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
// U+FFFE, U+FFFF and their like, which XML, and so S3, cannot name.
const NO_CHARACTER = /\p{Noncharacter_Code_Point}/u;
// Characters that look like a separator or a dot segment but are not.
const LOOK_ALIKE = /[\u2024\u2025\u2026\u2044\u2215\u29f5\u29f8\ufe68\uff0e\uff0f\uff3c]/u;

/** How the storages name a transfer until it is whole. */
export const UNFINISHED = { prefix: '.longtake-', suffix: '.part' } as const;

/** Why `key` cannot be an output key, as a sentence for the user, or `null` when it can. */
export function outputKeyProblem(key: string): string | null {
  return keyProblem(key, MAX_KEY_BYTES);
}

/** The same for a key that may also be made of an output key: that of a further output, or of a sibling. */
export function storedKeyProblem(key: string): string | null {
  return keyProblem(key, MAX_STORED_KEY_BYTES);
}

function keyProblem(key: string, maxBytes: number): string | null {
  if (key === '') return 'it is empty';
  if (INVISIBLE.test(key)) return 'it has a NUL, control or invisible character';
  if (!key.isWellFormed()) return 'it is not well-formed Unicode';
  if (NO_CHARACTER.test(key)) return 'it has a code point that is no character';
  if (LOOK_ALIKE.test(key)) return 'it has a character that only looks like a slash or a dot';
  if (key.includes('\\')) return 'it has a backslash; separate folders with "/"';
  if (key.startsWith('/')) return 'it is absolute; give a key below the storage root';
  if (/^[a-z]:/i.test(key)) return 'it starts with a drive letter';
  if (utf8Length(key) > maxBytes) return `it is longer than ${maxBytes} bytes`;
  for (const segment of key.split('/')) {
    const problem = segmentProblem(segment);
    if (problem !== null) return problem;
  }
  return null;
}

function segmentProblem(segment: string): string | null {
  if (segment === '') return 'it has an empty folder or file name';
  if (segment === '.' || segment === '..') return `it has "${segment}", which could lead out of the storage root`;
  if (utf8Length(segment) > MAX_SEGMENT_BYTES) return `it has a name longer than ${MAX_SEGMENT_BYTES} bytes`;
  if (WINDOWS_DEVICE.test(segment)) return `"${segment}" is a device name on Windows`;
  if (/[:*?"<>|]/.test(segment)) return 'it has one of : * ? " < > |, which some storages refuse';
  if (isUnfinished(segment)) return `"${segment}" is a name that longtake gives to unfinished files`;
  if (/[ .]$/.test(segment)) return 'a name in it ends with a dot or a space';
  return null;
}

/** Whether longtake gives such names to what is unfinished. */
export function isUnfinished(segment: string): boolean {
  const name = segment.toLowerCase(); // some file systems do not tell the two apart
  return name.startsWith(UNFINISHED.prefix) && name.endsWith(UNFINISHED.suffix);
}

/** `<workflowId>.mp4`, every byte of the id outside `A-Z a-z 0-9 . _ -` percent-encoded. */
export function defaultOutputKey(workflowId: string): string {
  return `${percentEncode(workflowId)}.mp4`;
}

/** The key of output `index`: the first is `key` itself, later ones get `-1`, `-2`, … before the extension. */
export function outputKeyOf(key: string, index: number): string {
  if (index === 0) return key;
  const { stem, extension } = splitExtension(key);
  const suffix = `-${index}${extension}`;
  const made = withSuffix(stem, suffix);
  return made === key ? withSuffix(stem, `-${suffix}`) : made; // shortened, it may be the first again
}

/** Where a paid video goes when other content took its key meanwhile: `<name>.<jobId>.mp4`. */
export function siblingKey(key: string, jobId: string): string {
  const { stem, extension } = splitExtension(key);
  return withSuffix(stem, `.${shortened(percentEncode(jobId), MAX_JOB_ID_BYTES)}${extension}`);
}

/** The last name gives way where both together would be too long for one; not at its end, where an output's number stands. */
function withSuffix(stem: string, suffix: string): string {
  const slash = stem.lastIndexOf('/') + 1;
  const name = stem.slice(slash);
  const end = Array.from(name).slice(-KEPT_CHARACTERS).join('');
  const room = MAX_SEGMENT_BYTES - utf8Length(suffix);
  const fitting = utf8Length(name) <= room ? name : shortened(name, room - utf8Length(end)) + end;
  return stem.slice(0, slash) + fitting + suffix;
}

/** As much of the beginning of `text` as fits into so many bytes. */
function shortened(text: string, maxBytes: number): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}

function splitExtension(key: string): { stem: string; extension: string } {
  const slash = key.lastIndexOf('/');
  const dot = key.lastIndexOf('.');
  if (dot <= slash + 1 || utf8Length(key.slice(dot)) > MAX_EXTENSION_BYTES) return { stem: key, extension: '' };
  return { stem: key.slice(0, dot), extension: key.slice(dot) };
}

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** UTF-8 bytes without `TextEncoder`, which the workflow sandbox does not promise. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
