import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** `temporal` here, `temporal.exe` on Windows. */
export function executableName(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

/** Every executable of that name along a `PATH`, first come first. Relative entries are skipped: they depend on where one stands. */
export async function executablesOnPath(name: string, searchPath: string): Promise<string[]> {
  const directories = searchPath.split(delimiter).filter((entry) => isAbsolute(entry));
  const candidates = [...new Set(directories)].map((directory) => join(directory, executableName(name)));
  const usable = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => usable[index]);
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
