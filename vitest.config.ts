import { configDefaults, defineConfig } from 'vitest/config';

/** Of every test file, also those that other configurations run. */
export const settings = {
  pool: 'forks' as const,
  // One more than CI has cores: many tests wait for a server's timers.
  maxWorkers: 3,
  testTimeout: 300_000,
  hookTimeout: 900_000,
  // How long is the machine's affair; the test's own time-out says when to give up.
  expect: { poll: { timeout: 60_000 } },
};

/** Of every run of them. */
export const surroundings = {
  reporters: ['default', './test/support/count-reporter.ts'],
  globalSetup: ['test/support/global-setup.ts'],
};

/**
 * Files that follow each other in one process, so that not every one loads Temporal's SDK anew. They leave the process as
 * they found it: no environment of their own, no connection that is cut and tries again later.
 */
const SHARED = [
  'test/{activities,architecture,client,config,contract,media,openrouter,workflows}/**/*.test.ts',
  'test/faults/{awaiting-decision,content,job-of-another-run,key-mended,poll-answers,run-reset,slow-downloads,submit-answers}.test.ts',
];

export default defineConfig({
  test: {
    ...surroundings,
    projects: [
      { test: { ...settings, name: 'shared', include: SHARED, isolate: false } },
      {
        test: {
          ...settings,
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...SHARED],
        },
      },
    ],
  },
});
