import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { findTemporalCli } from '../../src/local/find-temporal-cli.js';
import { startDevServer } from './dev-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The dev server that test files share; each test takes a task queue of its own. */
    temporalAddress: string;
    temporalCli: string;
  }
}

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Builds what a user would run, and starts one real Temporal dev server for all test files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const { path } = await findTemporalCli({
    ...(process.env['TEMPORAL_CLI_PATH'] === undefined ? {} : { cliPath: process.env['TEMPORAL_CLI_PATH'] }),
    searchPath: process.env['PATH'] ?? '',
    onProgress: (line) => {
      console.log(line);
    },
  });
  const server = await startDevServer(path);
  project.provide('temporalAddress', server.address);
  project.provide('temporalCli', path);
  return () => server.stop();
}
