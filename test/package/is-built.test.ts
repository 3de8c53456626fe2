import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, expect, it, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = ['src', 'dist', 'scripts', 'tsconfig.json', 'package.json', 'package-lock.json'];

/** A checkout as it is after a build. */
let checkout: string;

beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'longtake-built-'));
  onTestFinished(() => rm(checkout, { recursive: true }));
  for (const part of PARTS) {
    await cp(join(ROOT, part), join(checkout, part), { recursive: true, preserveTimestamps: true });
  }
});

function isBuilt(): boolean {
  const { status, stderr } = spawnSync(process.execPath, [join(checkout, 'scripts/is-built.mjs')], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return status === 0;
}

it('takes a checkout for built after a build', () => {
  expect(isBuilt()).toBe(true);
});

it.each(['src/cli/main.ts', 'scripts/bundle-workflows.mjs', 'package.json'])(
  'builds when %s is newer',
  async (path) => {
    const soon = new Date(Date.now() + 60_000);
    await utimes(join(checkout, path), soon, soon);
    expect(isBuilt()).toBe(false);
  },
);

it('builds when the command may not be executed', async () => {
  await chmod(join(checkout, 'dist/cli/main.js'), 0o644);
  expect(isBuilt()).toBe(false);
});

it.each(['dist', 'dist/cli/main.js', 'dist/workflow-bundle.js'])('builds when there is no %s', async (path) => {
  await rm(join(checkout, path), { recursive: true });
  expect(isBuilt()).toBe(false);
});
