import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const MODULE = pathToFileURL(fileURLToPath(new URL('../../dist/observability/logger.js', import.meta.url))).href;

/** A file that may not grow beyond some limit takes the place of a disk that is full, until it is emptied. */
const PROGRAM = `
  const { createLogger } = await import(process.env.LOGGER);
  const { truncateSync } = await import('node:fs');
  const logger = createLogger({ level: 'info', format: 'json', secrets: [] });
  const text = 'x'.repeat(1_000);
  for (let number = 1; number <= 6_000; number++) logger.info({ number, text }, 'before');
  truncateSync(process.env.LOG);
  logger.info('after');
  process.nextTick(() => logger.info('later'));`;

it('keeps the process when lines cannot be written, and tells once how many were lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const log = join(folder, 'log');
  const line = `ulimit -f 4096; exec "${process.execPath}" --input-type=module --eval "$PROGRAM" 2>>"$LOG"`;
  await run('sh', ['-c', line], { env: { ...process.env, PROGRAM, LOG: log, LOGGER: MODULE } });
  const lines = (await readFile(log, 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(1) // the rest of the line that was being written
    .map((one) => JSON.parse(one) as { msg: string; lines?: number });
  expect(lines.at(-1)?.msg).toBe('later');
  const told = lines.filter(({ msg }) => /are lost/.test(msg));
  expect(told).toHaveLength(1);
  expect(told[0]?.lines).toBeGreaterThan(1_000);
});
