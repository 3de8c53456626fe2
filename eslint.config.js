import temporal from 'eslint-plugin-temporal';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.longtake/', 'test/architecture/fixtures/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: './tsconfig.check.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export: no default exports.' },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.cts'],
    rules: { '@typescript-eslint/no-require-imports': ['error', { allowAsImport: true }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'src/config.ts is the only reader of the environment.' },
      ],
    },
  },
  {
    files: ['src/workflows/**/*.ts'],
    plugins: { temporal },
    rules: {
      'temporal/workflow-no-node-or-dom-imports': 'error',
      'temporal/workflow-require-type-only-activity-imports': 'error',
      'temporal/workflow-no-process-env': 'error',
      'temporal/workflow-no-console': 'error',
      'temporal/workflow-no-async-query-handler': 'error',
      'temporal/workflow-no-query-mutation': 'error',
      'temporal/workflow-require-activity-timeouts': 'error',
      'temporal/workflow-no-busy-wait': 'error',
    },
  },
  {
    files: ['eslint.config.js', '*.config.ts', '.dependency-cruiser.cjs', 'test/support/count-reporter.ts'],
    rules: {
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
);
