import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // One more than CI has cores: many tests wait for a server's timers.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // How long is the machine's affair; the test's own time-out says when to give up.
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './test/support/count-reporter.ts'],
    globalSetup: ['test/support/global-setup.ts'],
  },
});
