import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../src/contract/json-schemas.js';

const folder = new URL('../../contract/', import.meta.url);

describe('the JSON Schemas that ship', () => {
  it.each(Object.entries(jsonSchemas))('%s is what the zod schema says', async (name, schema) => {
    const shipped: unknown = JSON.parse(await readFile(new URL(`${name}.schema.json`, folder), 'utf8'));
    expect(shipped).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it('are all there, and nothing else is', async () => {
    const expected = Object.keys(jsonSchemas).map((name) => `${name}.schema.json`);
    expect((await readdir(folder)).sort()).toEqual(expected.sort());
  });
});
