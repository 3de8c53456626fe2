import { lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { storedKeyProblem } from '../contract/output-key.js';
import { createDirectory, findDirectory } from './contained-directory.js';
import { FileWrite } from './file-write.js';
import { hashFile } from './hash-file.js';
import { newPartName, newTrialName, removeParts } from './part-file.js';
import {
  type CheckOptions,
  type FindOptions,
  NotDurable,
  type OpenOptions,
  StorageError,
  type StoredVideo,
  type VideoStore,
  type VideoWrite,
  type WriteOwner,
} from './port.js';
import { syncDirectory } from './sync-directory.js';
import { tryToWrite } from './trial-file.js';
import { errorCode, storageTrouble } from './trouble.js';

/**
 * Finished videos as files below one directory. An unfinished one is a hidden `.longtake-….part` beside its final name;
 * folders that a key needs are created by `open` and stay. Modes follow the process's umask.
 */
export class FileSystemStore implements VideoStore {
  readonly description: string;
  private readonly root: string;

  /** @param root - created on first use when it is missing; a relative path counts from the working directory of now */
  constructor(root: string) {
    this.root = path.resolve(root);
    this.description = this.root;
  }

  async check(key: string, { overwrite, owner }: CheckOptions): Promise<void> {
    const { folders, name } = parseKey(key);
    await guarded(`Looking whether "${key}" can be saved in "${this.root}"`, async () => {
      const { directory, complete } = await findDirectory(this.root, folders);
      const target = complete ? path.join(directory, name) : this.pathOf(key);
      if (owner !== undefined) await removeParts(directory, key, owner).catch(() => undefined);
      const taken = await kindOf(target);
      if (taken === 'folder' || (taken !== null && !overwrite)) throw conflict(key, this.uri(key), taken);
      await tryToWrite(path.join(directory, owner === undefined ? newTrialName() : newPartName(key, owner)));
    });
  }

  async find(key: string, options: FindOptions = {}): Promise<StoredVideo | null> {
    const { folders, name } = parseKey(key);
    const doing = `Reading "${key}" in "${this.root}"`;
    return await guarded(doing, async () => {
      const { directory, complete } = await findDirectory(this.root, folders);
      const content = complete ? await hashFile(path.join(directory, name), options) : null;
      // Whoever gave the file its name may have died, or failed, before the name was durable.
      if (content !== null) await syncDirectory(directory).catch(notDurable(doing));
      return content === null ? null : { key, uri: this.uri(key), ...content };
    });
  }

  async open(key: string, { owner, overwrite, onLeftover }: OpenOptions): Promise<VideoWrite> {
    const { folders } = parseKey(key);
    return await guarded(`Starting to save "${key}" in "${this.root}"`, async () => {
      const directory = await createDirectory(this.root, folders);
      await removeParts(directory, key, owner).catch((error: unknown) => {
        onLeftover?.(storageTrouble(this.removing(key), error));
      });
      const partName = newPartName(key, owner);
      const handle = await open(path.join(directory, partName), 'wx');
      const uri = (finalKey: string): string => this.uri(finalKey);
      const place = { directory, root: this.root, folders };
      return new FileWrite({ ...place, handle, partName, key, jobId: owner.jobId, overwrite, uri });
    });
  }

  async sweep(key: string, owner: WriteOwner): Promise<void> {
    const { folders } = parseKey(key);
    await guarded(this.removing(key), async () => {
      const { directory, complete } = await findDirectory(this.root, folders);
      if (complete) await removeParts(directory, key, owner);
    });
  }

  private removing(key: string): string {
    return `Removing unfinished files of "${key}" in "${this.root}"`;
  }

  private pathOf(key: string): string {
    return path.join(this.root, ...key.split('/'));
  }

  private uri(key: string): string {
    return pathToFileURL(this.pathOf(key)).href;
  }
}

function parseKey(key: string): { readonly folders: readonly string[]; readonly name: string } {
  const problem = storedKeyProblem(key);
  if (problem !== null)
    throw new StorageError('InvalidRequest', `The output key ${JSON.stringify(key)} is refused: ${problem}.`);
  const segments = key.split('/');
  return { folders: segments.slice(0, -1), name: segments.at(-1) ?? key };
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageTrouble(doing, error);
  }
}

function notDurable(doing: string): (error: unknown) => never {
  return (error) => {
    const { type, message } = storageTrouble(doing, error);
    throw new NotDurable(type, message, { cause: error });
  };
}

type Kind = 'file' | 'folder' | 'symbolic link';

async function kindOf(target: string): Promise<Kind | null> {
  try {
    const stats = await lstat(target);
    return stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'symbolic link' : 'file';
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function conflict(key: string, uri: string, kind: Kind): StorageError {
  const other = 'choose another output key (--output)';
  const remedy = kind === 'folder' ? other : `${other}, or set overwrite (--overwrite) to replace it`;
  return new StorageError('OutputConflict', `The output key "${key}" is taken: ${uri} is a ${kind}; ${remedy}.`);
}
