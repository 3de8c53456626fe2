import { defineConfig } from 'vitest/config';
import { settings, surroundings } from './vitest.config.js';

/** `npm run screenshots`: takes the pictures in docs/images instead of running tests. */
export default defineConfig({
  test: { ...settings, ...surroundings, include: ['test/recording/take-screenshots.ts'] },
});
