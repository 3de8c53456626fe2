import { lstat, mkdir, realpath, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from './port.js';
import { syncDirectory } from './sync-directory.js';
import { errorCode } from './trouble.js';

interface FoundDirectory {
  /** The real path of the folder, or of its deepest ancestor that exists. */
  readonly directory: string;
  /** Whether it is the folder itself. */
  readonly complete: boolean;
}

/** The folder `segments` below `root` by its real path, with nothing created. @throws StorageError, system errors */
export async function findDirectory(root: string, segments: readonly string[]): Promise<FoundDirectory> {
  const realRoot = await realpathOrNull(root);
  if (realRoot === null) return { directory: await deepestExisting(root), complete: false };
  let directory = realRoot;
  for (const segment of segments) {
    const next = await step(realRoot, directory, segment);
    if (next === null) return { directory, complete: false };
    directory = next;
  }
  return { directory, complete: true };
}

/** The same folder, created where it is missing; new folders are made durable. @throws StorageError, system errors */
export async function createDirectory(root: string, segments: readonly string[]): Promise<string> {
  const realRoot = (await realpathOrNull(root)) ?? (await createRoot(root));
  let directory = realRoot;
  for (const segment of segments) {
    const existing = await step(realRoot, directory, segment);
    directory = existing ?? (await createStep(realRoot, directory, segment));
  }
  return directory;
}

/**
 * Catches a folder that was replaced by a link while a transfer ran, and a link to it that was set to another: the video
 * would not be where its address says. @throws StorageError, system errors
 */
export async function confirmDirectory(directory: string, root: string, segments: readonly string[]): Promise<void> {
  if ((await realpath(directory)) !== directory) {
    throw new StorageError(
      'StorageFailed',
      `"${directory}" was replaced by a symbolic link while the video was written; put the folder back.`,
    );
  }
  const now = await findDirectory(root, segments);
  if (now.complete && now.directory === directory) return;
  throw new StorageError(
    'StorageFailed',
    `"${path.join(root, ...segments)}" was "${directory}" when the video began to come, and leads to another folder now.`,
  );
}

/** Not `mkdir` with `recursive`, which reports a read-only file system as a missing folder. */
async function createRoot(root: string): Promise<string> {
  const parent = path.dirname(root);
  if (parent !== root && (await realpathOrNull(parent)) === null) await createRoot(parent);
  await createFolder(parent, path.basename(root));
  return await realpath(root);
}

async function createStep(realRoot: string, directory: string, segment: string): Promise<string> {
  await createFolder(directory, segment);
  const created = await step(realRoot, directory, segment);
  if (created !== null) return created;
  throw new StorageError('StorageFailed', `The new folder "${path.join(directory, segment)}" vanished.`);
}

async function createFolder(parent: string, name: string): Promise<void> {
  try {
    await mkdir(path.join(parent, name));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error; // another transfer was faster
  }
  try {
    await syncDirectory(parent);
  } catch (error) {
    // A folder that is there counts as durable, so one that may not be must not stay.
    await rmdir(path.join(parent, name)).catch(() => undefined);
    throw error;
  }
}

/** One level down by the real path, or `null` when there is nothing; never to a place outside the root. */
async function step(realRoot: string, directory: string, segment: string): Promise<string | null> {
  const next = path.join(directory, segment);
  const stats = await lstatOrNull(next);
  if (stats === null) return null;
  if (stats.isDirectory()) return next;
  if (!stats.isSymbolicLink()) throw notAFolder(next);
  const target = await realpathOrNull(next);
  if (target === null) throw notAFolder(next);
  if (!isInside(realRoot, target)) throw leadsOut(next);
  if (!(await lstat(target)).isDirectory()) throw notAFolder(next);
  return target;
}

function isInside(realRoot: string, target: string): boolean {
  const relative = path.relative(realRoot, target);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function notAFolder(place: string): StorageError {
  return new StorageError(
    'StorageFailed',
    `"${place}" is not a folder, so nothing can be saved below it; choose another output key or move it away.`,
  );
}

function leadsOut(place: string): StorageError {
  return new StorageError(
    'InvalidRequest',
    `"${place}" is a symbolic link that leads out of the storage directory; choose another output key or remove the link.`,
  );
}

async function deepestExisting(directory: string): Promise<string> {
  const real = await realpathOrNull(directory);
  const parent = path.dirname(directory);
  return real ?? (parent === directory ? directory : await deepestExisting(parent));
}

async function realpathOrNull(place: string): Promise<string | null> {
  try {
    return await realpath(place);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function lstatOrNull(place: string): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  try {
    return await lstat(place);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
