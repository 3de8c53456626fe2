import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { executablesOnPath } from '../../src/local/executable.js';
import { freePort } from './dev-server.js';

const run = promisify(execFile);

/** Debian keeps the programs of the server here, by version, and not on PATH. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root; Debian's package brings this account along. */
const ACCOUNT = 'postgres';

export interface PostgreSql {
  readonly port: number;
  stop(): Promise<void>;
}

export interface PostgreSqlOptions {
  /** The superuser. */
  readonly user: string;
  readonly password: string;
}

/** A real PostgreSQL on loopback with a new, empty cluster, made as the `postgres` image makes it: one user, who has a password. */
export async function startPostgreSql({ user, password }: PostgreSqlOptions): Promise<PostgreSql> {
  const owner = await ownerOfDatabases();
  const home = await mkdtemp(path.join(tmpdir(), 'longtake-postgresql-'));
  const [data, secret] = [path.join(home, 'data'), path.join(home, 'password')];
  await writeFile(secret, password);
  for (const each of [home, secret]) if (owner !== null) await chown(each, owner.uid, owner.gid);
  await run(
    await programNamed('initdb'),
    ['--pgdata', data, '--username', user, '--pwfile', secret, '--auth', 'scram-sha-256', '--no-sync'],
    { cwd: home, ...owner },
  );
  for (;;) {
    const server = await tryServer(data, await freePort(), owner);
    if (server === null) continue;
    return {
      port: server.port,
      async stop() {
        await server.stop();
        await rm(home, { recursive: true, force: true });
      },
    };
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** `null`: whoever runs the tests. */
async function ownerOfDatabases(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => (await run('id', [flag, ACCOUNT])).stdout));
  return { uid: Number(uid), gid: Number(gid) };
}

/** `null`: somebody else took the port in the meantime. */
async function tryServer(data: string, port: number, owner: Owner | null): Promise<PostgreSql | null> {
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const child = spawn(
    await programNamed('postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { cwd: data, ...owner, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const closed = once(child, 'close');
  let said = '';
  const ready = new Promise<true>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_096);
      if (said.includes('ready to accept connections')) resolve(true);
    });
  });
  if ((await Promise.race([ready, closed])) !== true) {
    if (said.includes('Address already in use')) return null;
    throw new Error(`PostgreSQL did not start: ${said}`);
  }
  return {
    port,
    async stop() {
      child.kill('SIGQUIT');
      await closed;
    },
  };
}

async function programNamed(name: string): Promise<string> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newestFirst = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => path.join(DEBIAN, version, 'bin'));
  const [found] = await executablesOnPath(name, [process.env['PATH'], ...newestFirst].join(path.delimiter));
  if (found === undefined)
    throw new Error(`there is no ${name}: install PostgreSQL (Debian: apt-get install postgresql)`);
  return found;
}
