// Part of the build: npm makes the command executable when it links the package, and not again when it is built anew.
import { chmod } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

await chmod(fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), 0o755);
