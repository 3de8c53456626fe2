import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/contract/names.js';
import { readRepositoryFile, repositoryPath } from './repository-file.js';
import { commandExists, runCommand, type CommandEnd } from './run-command.js';

const NAMESPACE_SCRIPT = 'deploy/temporal/setup-namespace.sh';
const SCRIPTS = ['deploy/temporal/setup-schema.sh', NAMESPACE_SCRIPT];

describe.each(SCRIPTS)('%s', (script) => {
  it('is correct for a POSIX shell', () => {
    const end = runCommand('sh', ['-n', repositoryPath(script)]);
    expect(end, end.output).toMatchObject({ status: 0 });
  });

  it('passes shellcheck', ({ skip }) => {
    skip(!commandExists('shellcheck'), 'shellcheck is not installed');
    const end = runCommand('shellcheck', [repositoryPath(script)]);
    expect(end, end.output).toMatchObject({ status: 0 });
  });

  it('stops at the first command that fails', () => {
    expect(readRepositoryFile(script)).toMatch(/^set -eu$/m);
  });
});

describe(NAMESPACE_SCRIPT, () => {
  it('creates the search attributes of the contract, with their types', () => {
    const options = readRepositoryFile(NAMESPACE_SCRIPT).matchAll(/--name (\w+) --type (\w+)/g);
    expect(Object.fromEntries([...options].map(([, name, type]) => [name, type]))).toEqual(SEARCH_ATTRIBUTES);
  });

  it('waits until each of them can be used', () => {
    const query = /--query '(.*)'/.exec(readRepositoryFile(NAMESPACE_SCRIPT))?.[1] ?? '';
    for (const name of Object.keys(SEARCH_ATTRIBUTES)) expect(query).toContain(name);
  });
});

const TEMPORAL = inject('temporalCli');

describe(`${NAMESPACE_SCRIPT} against a real Temporal server`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'longtake-deploy-'));
  let server: ChildProcess;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    symlinkSync(TEMPORAL, join(folder, 'temporal'));
    const port = await freePort();
    env = {
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      HOME: folder,
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      TEMPORAL_NAMESPACE: 'a-namespace',
    };
    server = spawn(TEMPORAL, ['server', 'start-dev', '--headless', '--port', `${port}`, '--log-level', 'never'], {
      stdio: 'ignore',
    });
  });

  afterAll(async () => {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  function setUp(): CommandEnd {
    return runCommand('sh', [repositoryPath(NAMESPACE_SCRIPT)], env);
  }

  it('waits for the server, and leaves a namespace whose search attributes can be used', () => {
    const end = setUp();
    expect(end, end.output).toMatchObject({ status: 0 });
    const list = runCommand('temporal', ['operator', 'search-attribute', 'list'], env).output;
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
      expect(list).toMatch(new RegExp(`${name}\\s+${type}\\b`));
    }
    const description = runCommand(
      'temporal',
      ['operator', 'namespace', 'describe', '--namespace', 'a-namespace'],
      env,
    ).output;
    expect(description).toMatch(/RetentionTtl\s+720h/);
  });

  it('may run again on what is there', () => {
    const end = setUp();
    expect(end, end.output).toMatchObject({ status: 0 });
    expect(end.output).toContain('is ready');
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
