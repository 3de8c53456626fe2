import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from '../../src/local/cache-directory.js';
import { executableName, isExecutable } from '../../src/local/executable.js';
import { withFileLock } from '../../src/local/file-lock.js';
import { runInGroup } from '../../src/local/run-in-group.js';
import { inStaging, sweepStaging } from '../../src/local/staging.js';

export interface GoPrograms {
  /** Of their directory in the cache. */
  readonly name: string;
  readonly version: string;
  /** The package of each program, by the name that the program is kept under. */
  readonly packages: Readonly<Record<string, string>>;
  /** How long a build takes, in words. */
  readonly takes: string;
}

/** Another process may be building, on a machine that has much to do. */
const LOCK_TIMEOUT_MS = 60 * 60_000;
const TELL_EVERY_MS = 60_000;

/** Built once from their Go modules into the user's cache directory; resolves with the directory that they are in. */
export async function installedByGo(programs: GoPrograms): Promise<string> {
  const parent = path.join(cacheDirectory(), programs.name);
  const directory = path.join(parent, programs.version);
  await mkdir(directory, { recursive: true });
  const lock = { timeoutMs: LOCK_TIMEOUT_MS, onWait: () => undefined };
  await withFileLock(path.join(parent, 'lock'), lock, async () => {
    if (await areThere(programs, directory)) return;
    await sweepStaging(parent);
    await inStaging(parent, (staging) => build(programs, staging, directory));
  });
  return directory;
}

async function areThere({ packages }: GoPrograms, directory: string): Promise<boolean> {
  const files = Object.keys(packages).map((name) => path.join(directory, executableName(name)));
  return (await Promise.all(files.map(isExecutable))).every(Boolean);
}

async function build({ name, version, packages, takes }: GoPrograms, staging: string, target: string): Promise<void> {
  const tell = (what: string): void => {
    console.log(`${what} ${name} ${version} for tests with Go: ${takes}, once`);
  };
  tell('building');
  const telling = setInterval(tell, TELL_EVERY_MS, 'still building');
  try {
    const modules = Object.values(packages).map((each) => `${each}@${version}`);
    // -C puts the directory into the command line: by it a sweep recognises a build whose parent was killed.
    const { code, output } = await runInGroup('go', ['install', '-C', staging, ...modules], {
      env: { ...process.env, GOBIN: staging },
    });
    if (code !== 0) throw new Error(`${name} ${version} could not be built for tests: ${output}`);
  } finally {
    clearInterval(telling);
  }
  for (const [program, of] of Object.entries(packages)) {
    const built = path.join(staging, executableName(path.posix.basename(of)));
    await rename(built, path.join(target, executableName(program)));
  }
}
