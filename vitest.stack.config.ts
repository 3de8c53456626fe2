import { defineConfig } from 'vitest/config';
import { settings, surroundings } from './vitest.config.js';

/** `npm run test:stack`: what a deployment is made of, as real processes. The first time it builds a Temporal server. */
export default defineConfig({
  test: {
    ...settings,
    ...surroundings,
    include: ['test/stack/*.stack.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 3_600_000,
  },
});
