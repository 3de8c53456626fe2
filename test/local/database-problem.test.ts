import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { databaseProblem } from '../../src/local/database-problem.js';
import { scratchDirectory } from './scratch.js';

/** As `temporal server start-dev` writes it. */
const LOCKED =
  'level=ERROR msg="failed starting server: failed creating namespaces: error creating namespace \\"default\\": database is locked (5) (SQLITE_BUSY)"';

it('tells of another process that holds the database', async () => {
  const database = join(await scratchDirectory(), 'temporal.db');
  await writeFile(database, '');
  expect(await databaseProblem(database, LOCKED)).toMatch(/^Another process holds .*temporal\.db\.\nEnd that process/);
});

it.skipIf(process.getuid?.() === 0)('tells of a database that this user may not write', async () => {
  const database = join(await scratchDirectory(), 'temporal.db');
  await writeFile(database, '');
  await chmod(database, 0o444);
  expect(await databaseProblem(database, '')).toMatch(/may not write its database .*\(EACCES\)\.\nMake the file/);
});

it('is silent where the server says nothing of its database', async () => {
  expect(await databaseProblem(join(await scratchDirectory(), 'temporal.db'), 'address in use')).toBeNull();
});
