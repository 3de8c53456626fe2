import { open, unlink, type FileHandle } from 'node:fs/promises';
import { removeIfThere } from './part-file.js';

/** Enough to make a full disk show. */
const TRIAL_BYTES = 4096;

/** Creates, writes and removes a file: permission bits, quotas and read-only mounts show in no other way. */
export async function tryToWrite(trial: string): Promise<void> {
  const handle = await open(trial, 'wx');
  try {
    await unlinkEarly(trial);
    await handle.writeFile(Buffer.alloc(TRIAL_BYTES)); // all of it: one `write` may take less
    await handle.sync();
  } finally {
    await closeAndRemove(handle, trial);
  }
}

/** An open file without a name leaves nothing behind, even if the process dies now; one that died before is swept by the next check. */
async function unlinkEarly(trial: string): Promise<void> {
  await unlink(trial).catch((error: unknown) => {
    if (process.platform !== 'win32') throw error;
  });
}

async function closeAndRemove(handle: FileHandle, trial: string): Promise<void> {
  await handle.close();
  await removeIfThere(trial);
}
