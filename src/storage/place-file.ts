import { link, lstat, rename } from 'node:fs/promises';
import { hashFile, type FileContent } from './hash-file.js';
import { removeIfThere } from './part-file.js';
import { errorCode } from './trouble.js';

/** `link` on FAT, exFAT, many network and FUSE file systems. */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS', 'EXDEV']);

/** The content that is to be under a name; `signal` ends the comparing of what is there. */
interface Sought extends FileContent {
  readonly signal?: AbortSignal;
}

export type Placement =
  /** `target` holds the content: put there now, or there already. */
  | 'placed'
  /** Something else is at `target`, untouched. */
  | 'taken'
  /** The unfinished file is gone, swept by another attempt. */
  | 'lost';

/**
 * Gives a finished file its final name in one step, and never replaces other content on the way: `link` fails where a
 * name exists, `rename` would not. Links and folders under the name are never followed or entered.
 * @throws system errors
 */
export async function placeFile(part: string, target: string, content: Sought): Promise<Placement> {
  try {
    await link(part, target);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (NO_HARD_LINKS.has(code)) return await placeWithoutLinks(part, target, content);
    if (code === 'EEXIST' || code === 'ENOENT') return await settle(code, part, target, content);
    throw error;
  }
  await removeIfThere(part);
  return 'placed';
}

/** The same, replacing a file or a link under the name; a folder stays. @throws system errors */
export async function replaceFile(part: string, target: string, content: Sought): Promise<Placement> {
  try {
    await rename(part, target);
    return 'placed';
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'ENOENT') return await settle(code, part, target, content);
    // What Windows and POSIX say about a folder in the way differs, so the folder itself is asked.
    if (await isDirectory(target)) return 'taken';
    throw error;
  }
}

/**
 * Without hard links there is no call that both refuses to replace and shows the file whole, so the name is looked at just
 * before the rename. Content that another program puts there in between, a matter of microseconds, would be replaced.
 */
export async function placeWithoutLinks(part: string, target: string, content: Sought): Promise<Placement> {
  if (await exists(target)) return await settle('EEXIST', part, target, content);
  return await replaceFile(part, target, content);
}

async function settle(code: 'EEXIST' | 'ENOENT', part: string, target: string, content: Sought): Promise<Placement> {
  if (await holds(target, content)) {
    await removeIfThere(part);
    return 'placed';
  }
  return code === 'EEXIST' ? 'taken' : 'lost';
}

async function holds(target: string, content: Sought): Promise<boolean> {
  try {
    return (await hashFile(target, content))?.sha256 === content.sha256;
  } catch (error) {
    // A file that longtake may not read was not written by it.
    if (['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

async function exists(target: string): Promise<boolean> {
  try {
    await lstat(target);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function isDirectory(target: string): Promise<boolean> {
  try {
    return (await lstat(target)).isDirectory();
  } catch {
    return false;
  }
}
