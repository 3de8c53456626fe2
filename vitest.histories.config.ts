import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** `npm run histories`: records golden histories instead of running tests. */
export default defineConfig({ test: { ...base.test, include: ['test/recording/record-histories.ts'] } });
