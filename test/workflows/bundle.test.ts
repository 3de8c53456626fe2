import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { ENCRYPTED_BUNDLE, WORKFLOW_BUNDLE } from '../support/rig.js';

describe.each([
  ['workers run', WORKFLOW_BUNDLE, []],
  ['workers run that encrypt', ENCRYPTED_BUNDLE, ['./dist/encryption/failure-converter.cjs']],
])('the workflow bundle that %s', (_who, path, alsoOurs) => {
  let modules: string[];

  beforeAll(async () => {
    const code = await readFile(path, 'utf8');
    modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, name]) => name ?? '');
  });

  it('holds our workflow and can be read at all', () => {
    expect(modules.length).toBeGreaterThan(20);
    expect(modules).toContain('./dist/workflows/generate-video.js');
  });

  it('holds no zod, no provider, no storage: only workflow code and the contract', () => {
    const ours = modules.filter((name) => name.startsWith('./dist/'));
    expect(ours.filter((name) => !/^\.\/dist\/(workflows|contract)\//.test(name))).toEqual(alsoOurs);
    expect(modules.filter((name) => /node_modules\/(zod|undici|pino|big\.js)\//.test(name))).toEqual([]);
    expect(ours).not.toContain('./dist/contract/schemas.js');
  });

  it('holds no Node built-in', () => {
    const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    expect(modules.filter((name) => builtins.has(name) || name.startsWith('node:'))).toEqual([]);
  });
});
