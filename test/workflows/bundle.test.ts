import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { WORKFLOW_BUNDLE } from '../support/rig.js';

describe('the workflow bundle that workers run', () => {
  let modules: string[];

  beforeAll(async () => {
    const code = await readFile(WORKFLOW_BUNDLE, 'utf8');
    modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, name]) => name ?? '');
  });

  it('holds our workflow and can be read at all', () => {
    expect(modules.length).toBeGreaterThan(20);
    expect(modules).toContain('./dist/workflows/generate-video.js');
  });

  it('holds no zod, no provider, no storage: only workflow code and the contract', () => {
    const ours = modules.filter((name) => name.startsWith('./dist/'));
    expect(ours.filter((name) => !/^\.\/dist\/(workflows|contract)\//.test(name))).toEqual([]);
    expect(modules.filter((name) => /node_modules\/(zod|undici|pino|big\.js)\//.test(name))).toEqual([]);
    expect(ours).not.toContain('./dist/contract/schemas.js');
  });

  it('holds no Node built-in', () => {
    const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    expect(modules.filter((name) => builtins.has(name) || name.startsWith('node:'))).toEqual([]);
  });
});
