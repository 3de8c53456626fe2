import { expect, onTestFinished } from 'vitest';
import type { OpenRouter } from '../../src/openrouter/answers.js';
import { createOpenRouter, type OpenRouterOptions } from '../../src/openrouter/client.js';

/** Looks like nothing that the client would redact by its shape alone. */
export const API_KEY = 'the-api-key-0123456789';

/** A client of `origin`, closed when the test ends. */
export function connectTo(origin: string, limits: OpenRouterOptions['limits'] = {}): OpenRouter {
  const openRouter = createOpenRouter({ baseUrl: `${origin}/api/v1`, apiKey: API_KEY, userAgent: 'test/1', limits });
  onTestFinished(() => openRouter.close());
  return openRouter;
}

/** Nothing that leaves the client may hold the key. */
export function expectNoKey(answer: unknown): void {
  expect(JSON.stringify(answer)).not.toContain(API_KEY);
}

/** A body that must not be quoted as it is: it echoes the key and a signed address. */
export const TALKATIVE = `bad key ${API_KEY} at https://cdn.test/v.mp4?X-Signature=c2lnbmVk\nsecond line`;

export function openRouterError(message: string, rest: object = {}): object {
  return { error: { code: 0, message, ...rest } };
}
