import { parseArgs } from 'node:util';

import { compiledEntry } from './compiled-entry.js';
import type { DataDirectory } from './data-directory.js';

export interface HostOptions {
  readonly cliPath: string;
  /** The server's port when it is free. */
  readonly preferredPort: number;
  /** How long the server runs on after its last user has left, in milliseconds. */
  readonly lingerMs: number;
  readonly extraArgs: readonly string[];
}

/** The arguments that make Node a host. The first two tell a directory's host from every other process. */
export function hostArguments({ path }: DataDirectory, options: HostOptions): string[] {
  return [compiledEntry('host'), '--data-dir', path, '--options', JSON.stringify(options)];
}

export function parseHostArguments(args: readonly string[]): { dataDir: string; options: HostOptions } {
  const { values } = parseArgs({
    args: [...args],
    options: { 'data-dir': { type: 'string' }, options: { type: 'string' } },
  });
  const { 'data-dir': dataDir, options } = values;
  if (dataDir === undefined || options === undefined) throw new Error('usage: host --data-dir DIR --options JSON');
  return { dataDir, options: JSON.parse(options) as HostOptions };
}
