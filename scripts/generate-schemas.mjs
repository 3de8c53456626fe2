// Writes contract/*.schema.json from the zod schemas, for services in other languages. Part of the build.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { jsonSchemas } from '../dist/contract/json-schemas.js';

const folder = new URL('../contract/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas)) {
  const file = new URL(`${name}.schema.json`, folder);
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before !== text) await writeFile(file, text);
}
