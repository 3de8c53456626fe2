import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint({
  cwd: fileURLToPath(new URL('../../', import.meta.url)),
  overrideConfig: tseslint.configs.disableTypeChecked as ESLint.Options['overrideConfig'], // these rules need no types
});

/** How often the linter says that a request must be judged, if this were the text of the file. */
async function objections(text: string, file: string): Promise<number> {
  const [result] = await eslint.lintText(text, { filePath: file });
  expect(result?.fatalErrorCount).toBe(0);
  return result?.messages.filter(({ message }) => message.includes('trusted-url.ts decides')).length ?? 0;
}

const ELSEWHERE = 'src/activities/download-video.ts';
const BESIDE = 'src/openrouter/content.ts';

describe('every request is judged by the module that knows whom to trust', () => {
  it.each([
    "import { request } from 'undici';",
    "import { Client } from 'undici';",
    "import * as undici from 'undici';",
    "import https from 'node:https';",
    "import { get } from 'https';",
    "import { request } from 'node:http';",
    "import http from 'node:http';",
    "import * as http from 'node:http';",
    "import { connect } from 'node:http2';",
    "import { connect } from 'node:tls';",
    "import { createConnection } from 'node:net';",
    "export { fetch } from 'undici';",
    "await fetch('https://example.com');",
    "await globalThis.fetch('https://example.com');",
    "new WebSocket('wss://example.com');",
  ])('so the linter refuses %s', async (text) => {
    expect(await objections(text, ELSEWHERE)).toBeGreaterThan(0);
    expect(await objections(text, BESIDE)).toBeGreaterThan(0);
  });

  it.each([
    'export const target = { url } as TrustedUrl;',
    'export const target = { url } as unknown as TrustedUrl;',
    'export const answer = provider.pool.request({ origin });',
  ])('so the linter refuses to go round it beside it: %s', async (text) => {
    expect(await objections(text, BESIDE)).toBe(1);
  });

  it.each(["import type { Dispatcher } from 'undici';", "import { createServer } from 'node:http';"])(
    'and types and listeners are free: %s',
    async (text) => {
      expect(await objections(text, ELSEWHERE)).toBe(0);
    },
  );

  it('and it alone can open connections', async () => {
    expect(await objections("import { Client } from 'undici';", 'src/openrouter/connection.ts')).toBe(0);
  });
});
