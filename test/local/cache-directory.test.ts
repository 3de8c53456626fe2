import { describe, expect, it } from 'vitest';

import { cacheDirectory } from '../../src/local/cache-directory.js';

describe('the cache directory', () => {
  it.each([
    ['XDG_CACHE_HOME where it is set', { platform: 'linux', home: '/home/a', xdgCacheHome: '/x' }, '/x/longtake'],
    ['~/.cache on Linux', { platform: 'linux', home: '/home/a' }, '/home/a/.cache/longtake'],
    [
      'not a relative XDG_CACHE_HOME',
      { platform: 'linux', home: '/home/a', xdgCacheHome: 'x' },
      '/home/a/.cache/longtake',
    ],
    [
      '~/Library/Caches on macOS',
      { platform: 'darwin', home: '/Users/a', xdgCacheHome: '/x' },
      '/Users/a/Library/Caches/longtake',
    ],
    ['%LOCALAPPDATA% on Windows', { platform: 'win32', home: 'C:\\a', localAppData: 'C:\\b' }, 'C:\\b\\longtake'],
    ['its default on Windows', { platform: 'win32', home: 'C:\\a' }, 'C:\\a\\AppData\\Local\\longtake'],
  ] as const)('is %s', (_, input, expected) => {
    expect(cacheDirectory(input)).toBe(expected);
  });
});
