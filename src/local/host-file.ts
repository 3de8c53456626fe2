import { readFile, rename, rm, writeFile } from 'node:fs/promises';

import { z } from 'zod';

const hostFileSchema = z.object({
  pid: z.int(),
  /** `null` until the server serves. */
  temporalPid: z.int().nullable(),
  address: z.string().nullable(),
  uiUrl: z.string().nullable(),
  control: z.object({ port: z.int(), token: z.string() }),
});

/** What a host says about itself in its data directory. A hint: the host may be dead by now. */
export type HostFile = z.infer<typeof hostFileSchema>;

/** Resolves with `null` when there is none, or it is not one. */
export async function readHostFile(path: string): Promise<HostFile | null> {
  try {
    return hostFileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

export async function writeHostFile(path: string, content: HostFile): Promise<void> {
  const unfinished = `${path}.${content.pid}`;
  await writeFile(unfinished, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  await rename(unfinished, path);
}

/** Removes the file if it is still that process's. */
export async function removeHostFile(path: string, pid: number): Promise<void> {
  if ((await readHostFile(path))?.pid === pid) await rm(path, { force: true });
}
