import { describe, expect, it } from 'vitest';
import { isContractVariable } from './contract-variables.js';
import { findHadolint } from './hadolint.js';
import { readRepositoryFile, repositoryPath } from './repository-file.js';
import { runCommand } from './run-command.js';

/** One entry an instruction, continuation lines joined, comments left out. */
const instructions = readRepositoryFile('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');

function argumentsOf(keyword: string): string[] {
  return instructions.filter((line) => line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1));
}

describe('Dockerfile', () => {
  it('passes hadolint', { timeout: 300_000 }, ({ skip }) => {
    const hadolint = findHadolint();
    if ('missing' in hadolint) {
      // On CI python3 is there, so that a check that does not run is a failure.
      expect(process.env.CI, hadolint.missing).toBeUndefined();
      skip(hadolint.missing);
      return;
    }
    const end = runCommand(hadolint.path, ['--failure-threshold', 'style', repositoryPath('Dockerfile')]);
    expect(end, end.output).toMatchObject({ status: 0 });
  });

  it('builds on one exact Node 24 with glibc', () => {
    const images = new Set(argumentsOf('FROM').map((from) => from.split(' ')[0]));
    expect([...images]).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-(trixie|bookworm)-slim$/)]);
  });

  it('installs what the lock file says, without running scripts of packages, and nothing for development at run time', () => {
    const installs = argumentsOf('RUN').filter((command) => command.startsWith('npm ci'));
    expect(installs).toHaveLength(2);
    for (const install of installs) expect(install).toContain('--ignore-scripts');
    expect(installs.filter((install) => install.includes('--omit=dev'))).toHaveLength(1);
    expect(argumentsOf('COPY')).toContain('--from=dependencies /app/node_modules ./node_modules');
  });

  it('runs the worker as an unprivileged user, without a shell in between', () => {
    expect(argumentsOf('USER')).toEqual(['1000:1000']);
    expect(argumentsOf('CMD')).toEqual(['["node", "dist/cli/main.js", "worker"]']);
    expect(argumentsOf('ENTRYPOINT')).toEqual([]);
  });

  it('checks liveness, not readiness, and needs no curl', () => {
    expect(argumentsOf('HEALTHCHECK')).toEqual([expect.stringMatching(/CMD \["node", "-e", .*8088\/healthz/)]);
  });

  it('sets only variables that the contract has', () => {
    const names = argumentsOf('ENV').flatMap((text) => [...text.matchAll(/(\w+)=/g)].map((match) => match[1] ?? ''));
    expect(names).toContain('NODE_ENV');
    const ofNode = ['NODE_ENV', 'UV_THREADPOOL_SIZE'];
    expect(names.filter((name) => !ofNode.includes(name) && !isContractVariable(name))).toEqual([]);
  });

  it('has labels', () => {
    expect(argumentsOf('LABEL').join(' ')).toContain('org.opencontainers.image.title="longtake"');
  });
});

describe('.dockerignore', () => {
  const patterns = readRepositoryFile('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const allowed = patterns.slice(1).map((pattern) => pattern.replace('!', ''));

  it('keeps everything out that is not named', () => {
    expect(patterns[0]).toBe('*');
    expect(patterns.slice(1).every((pattern) => pattern.startsWith('!'))).toBe(true);
  });

  it('lets in what the Dockerfile copies, and no key, video or build', () => {
    const copied = argumentsOf('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1))
      .filter((path) => path !== '.');
    for (const path of copied) expect(allowed).toContain(path);
    for (const secret of ['.env', '.git', 'videos', 'dist', 'node_modules', '.longtake']) {
      expect(allowed).not.toContain(secret);
    }
  });
});
