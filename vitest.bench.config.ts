import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** `npm run bench [-- NAME]`: prints figures; nothing here passes or fails by speed. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['bench/*.bench.ts'],
    reporters: [['default', { summary: false }]],
    disableConsoleIntercept: true,
    fileParallelism: false,
    testTimeout: 1_800_000,
  },
});
