import { describe, expect, it } from 'vitest';
import { createOpenRouter } from '../../src/openrouter/client.js';
import { API_KEY } from './rig.js';
import { reply, startRawServer } from './raw-server.js';

describe('createOpenRouter', () => {
  it.each(['', 'two words', 'line\nbreak', 'ключ'])('refuses the key %j without repeating it', (apiKey) => {
    expect(() => createOpenRouter({ baseUrl: 'https://openrouter.ai/api/v1', apiKey })).toThrow('API key');
  });

  it('refuses a base address that would send the key in clear text', () => {
    expect(() => createOpenRouter({ baseUrl: 'http://openrouter.ai/api/v1', apiKey: API_KEY })).toThrow('https://');
  });

  it('asks the same address with and without a trailing slash, in the name of longtake', async () => {
    const server = await startRawServer((socket) => socket.write(reply(200, { data: [] })));
    for (const path of ['/api/v1', '/api/v1/']) {
      const openRouter = createOpenRouter({ baseUrl: `${server.origin}${path}`, apiKey: API_KEY });
      await openRouter.models();
      await openRouter.close();
    }
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/v1/videos/models', '/api/v1/videos/models']);
    expect(server.requests[0]?.headers['user-agent']).toBe('longtake');
  });

  it('answers trouble after it was closed', async () => {
    const openRouter = createOpenRouter({ baseUrl: 'http://127.0.0.1:9/api/v1', apiKey: API_KEY });
    await openRouter.close();
    expect(await openRouter.poll('job-1')).toMatchObject({ outcome: 'trouble' });
  });
});
