import temporal from 'eslint-plugin-temporal';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Name what you export: no default exports.',
};

const ASK_THROUGH_OPENROUTER =
  'Requests go out through src/openrouter, whose trusted-url.ts decides where to and whether with the key.';

/** What opens connections; listening is free, and so are types. */
const CONNECTING = [
  ...['undici', 'node:https', 'https', 'node:tls', 'tls'].map((name) => ({ name })),
  ...['node:http', 'http'].map((name) => ({
    name,
    importNames: ['default', 'request', 'get', 'Agent', 'ClientRequest'],
  })),
  ...['node:http2', 'http2'].map((name) => ({ name, importNames: ['default', 'connect'] })),
  ...['node:net', 'net'].map((name) => ({ name, importNames: ['default', 'connect', 'createConnection', 'Socket'] })),
].map((path) => ({ ...path, allowTypeImports: true, message: ASK_THROUGH_OPENROUTER }));

const DECIDING_LATE = {
  name: '@temporalio/workflow',
  importNames: ['patched', 'deprecatePatch'],
  message: 'A run decides on changes in its first line: goesBy of src/workflows/changes.ts.',
};

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
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
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
        { object: 'globalThis', property: 'fetch', message: ASK_THROUGH_OPENROUTER },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [
      'src/openrouter/client.ts', // the pool and its connector
      'src/openrouter/connection.ts',
      'src/local/*.ts', // the embedded server, on loopback
      'src/cli/worker-at.ts', // longtake's own health, without a key
      'src/simulator/webhook-sender.ts', // plays the provider, and has no key
    ],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { paths: CONNECTING }],
      'no-restricted-globals': [
        'error',
        ...['fetch', 'WebSocket', 'EventSource'].map((name) => ({ name, message: ASK_THROUGH_OPENROUTER })),
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/openrouter/trusted-url.ts', 'src/openrouter/client.ts', 'src/openrouter/json-read.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        NO_DEFAULT_EXPORT,
        { selector: 'TSAsExpression > TSTypeReference[typeName.name="TrustedUrl"]', message: ASK_THROUGH_OPENROUTER },
        { selector: 'MemberExpression[property.name="pool"]', message: ASK_THROUGH_OPENROUTER },
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
    files: ['src/workflows/**/*.ts'],
    ignores: ['src/workflows/changes.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [...CONNECTING, DECIDING_LATE] }] },
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
