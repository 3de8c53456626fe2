import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program of this directory for a child Node process. It is compiled, also when this module itself runs from source. */
export function compiledEntry(name: string): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith('.ts')
    ? resolve(dirname(here), '../../dist/local', `${name}.js`)
    : join(dirname(here), `${name}.js`);
}
