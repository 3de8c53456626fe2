import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryPath } from '../deploy/repository-file.js';

const run = promisify(execFile);

export interface EarlierBuild {
  /** Its command line, to be run by node. */
  readonly main: string;
  remove(): Promise<void>;
}

/**
 * What longtake was at `commit`, built with the packages of this checkout.
 * @throws Error - the clone has no such commit, which is said as such
 */
export async function buildEarlier(commit: string): Promise<EarlierBuild> {
  const root = repositoryPath('.');
  await run('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: root }).catch((cause: unknown) => {
    const whatToDo =
      'this test needs a clone with its history (git fetch --unshallow), not a shallow one or an archive';
    throw new Error(`commit ${commit} is not here: ${whatToDo}`, { cause });
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'longtake-earlier-'));
  const archive = path.join(folder, 'earlier.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: root });
  await run('tar', ['--extract', '--file', archive], { cwd: folder });
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  await run('npm', ['run', '--silent', 'build'], { cwd: folder });
  return {
    main: path.join(folder, 'dist', 'cli', 'main.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
