import { defineConfig } from 'vitest/config';
import { settings, surroundings } from './vitest.config.js';

/** `npm run bench [-- NAME]`: prints figures; nothing here passes or fails by speed. */
export default defineConfig({
  test: {
    ...settings,
    ...surroundings,
    include: ['bench/*.bench.ts'],
    reporters: [['default', { summary: false }]],
    disableConsoleIntercept: true,
    fileParallelism: false,
    testTimeout: 1_800_000,
  },
});
