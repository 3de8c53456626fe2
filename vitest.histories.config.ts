import { defineConfig } from 'vitest/config';
import { settings, surroundings } from './vitest.config.js';

/** `npm run histories`: records golden histories instead of running tests. */
export default defineConfig({
  test: { ...settings, ...surroundings, include: ['test/recording/record-histories.ts'] },
});
