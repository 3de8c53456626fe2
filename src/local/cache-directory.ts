import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

export interface CacheDirectoryInput {
  /** Default: this machine's. */
  readonly platform?: NodeJS.Platform | undefined;
  /** Default: the user's home directory. */
  readonly home?: string | undefined;
  /** `XDG_CACHE_HOME`; Linux and other Unixes only. */
  readonly xdgCacheHome?: string | undefined;
  /** `%LOCALAPPDATA%`; Windows only. */
  readonly localAppData?: string | undefined;
}

/** Where longtake may keep what can be had again: `~/.cache/longtake`, `~/Library/Caches/longtake`, `%LOCALAPPDATA%\longtake`. */
export function cacheDirectory(input: CacheDirectoryInput = {}): string {
  const { platform = process.platform, home = homedir(), xdgCacheHome, localAppData } = input;
  if (platform === 'win32') return win32.join(localAppData ?? win32.join(home, 'AppData', 'Local'), 'longtake');
  if (platform === 'darwin') return posix.join(home, 'Library', 'Caches', 'longtake');
  // The XDG specification tells programs to ignore a relative value.
  const usable = xdgCacheHome !== undefined && posix.isAbsolute(xdgCacheHome);
  return posix.join(usable ? xdgCacheHome : posix.join(home, '.cache'), 'longtake');
}
