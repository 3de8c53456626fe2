import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** `npm run screenshots`: takes the pictures in docs/images instead of running tests. */
export default defineConfig({ test: { ...base.test, include: ['test/recording/take-screenshots.ts'] } });
