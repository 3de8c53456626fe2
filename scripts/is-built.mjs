// Exits with 0 if a build would change nothing. npm runs "prepare" also when `npx longtake` links the checkout into its cache.
import { access, constants, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} folder */
async function filesIn(folder) {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** @param {string} source */
function builtFrom(source) {
  return join(root, 'dist', source.slice(join(root, 'src').length)).replace(/\.([cm]?)ts$/, '.$1js');
}

/** @param {string[]} files */
async function timesOf(files) {
  return await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));
}

async function isBuilt() {
  await access(join(root, 'dist/cli/main.js'), constants.X_OK);
  const sources = await filesIn('src');
  const settings = ['tsconfig.json', 'package.json', 'package-lock.json'].map((name) => join(root, name));
  const bundles = ['workflow-bundle.js', 'workflow-bundle-encrypted.js'].map((name) => join(root, 'dist', name));
  const changed = await timesOf([...sources, ...(await filesIn('scripts')), ...settings]);
  const built = await timesOf([...sources.map(builtFrom), ...bundles]);
  return Math.max(...changed) < Math.min(...built);
}

// A file that is missing, or a command that may not be executed, is a reason to build.
process.exitCode = (await isBuilt().catch(() => false)) ? 0 : 1;
