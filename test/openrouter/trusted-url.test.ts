import { describe, expect, it, onTestFinished } from 'vitest';
import { startDeadline } from '../../src/openrouter/deadline.js';
import { createTrustedUrls, parseBaseUrl, type NextHop } from '../../src/openrouter/trusted-url.js';

const BASE = parseBaseUrl('https://openrouter.ai/api/v1');

async function follow(location: string, isAllowed?: (address: string) => boolean): Promise<NextHop> {
  const deadline = startDeadline(30_000);
  onTestFinished(deadline.end);
  return await createTrustedUrls(BASE, isAllowed).follow(location, new URL('https://openrouter.ai/x/y'), deadline);
}

describe('parseBaseUrl', () => {
  it.each([
    ['https://openrouter.ai/api/v1', 'https://openrouter.ai/api/v1/'],
    ['https://openrouter.ai/api/v1/', 'https://openrouter.ai/api/v1/'],
    ['https://gateway.internal:8443', 'https://gateway.internal:8443/'],
    ['http://localhost:3000', 'http://localhost:3000/'],
    ['http://127.9.9.9/v1', 'http://127.9.9.9/v1/'],
    ['http://[::1]:80/v1', 'http://[::1]/v1/'],
  ])('takes %s', (text, href) => {
    expect(parseBaseUrl(text).href).toBe(href);
  });

  it.each([
    ['', 'must be an address'],
    ['openrouter.ai/api', 'must be an address'],
    ['ftp://openrouter.ai', 'https://'],
    ['http://openrouter.ai/api/v1', 'clear text'],
    ['http://127.0.0.1.evil.test', 'clear text'],
    ['http://simulator.localhost:3000', 'clear text'],
    ['http://10.0.0.1', 'clear text'],
    ['https://user:secret@openrouter.ai', 'user name'],
    ['https://openrouter.ai/api?key=secret', 'query'],
    ['https://openrouter.ai/api?', 'query'],
    ['https://openrouter.ai/api#secret', 'fragment'],
  ])('refuses %j and says why without repeating it', (text, why) => {
    expect(() => parseBaseUrl(text)).toThrow(why);
    expect(() => parseBaseUrl(text)).not.toThrow('secret');
  });
});

describe('trusted addresses', () => {
  it('are built below the base, with the key', () => {
    const urls = createTrustedUrls(BASE);
    expect(urls.submit()).toMatchObject({ url: { href: 'https://openrouter.ai/api/v1/videos' }, getsKey: true });
    expect(urls.models().url.href).toBe('https://openrouter.ai/api/v1/videos/models');
    expect(urls.job('a b/../c').url.href).toBe('https://openrouter.ai/api/v1/videos/a%20b%2F..%2Fc');
    expect(urls.content('%2e%2e', 1).url.href).toBe('https://openrouter.ai/api/v1/videos/%252e%252e/content?index=1');
  });

  it.each(['', '.', '..', ' ', 'a\nb', '\ud800', 'x'.repeat(600)])('cannot be built from the id %j', (id) => {
    expect(() => createTrustedUrls(BASE).job(id)).toThrow(TypeError);
  });

  it('are relative redirects, and absolute ones to the same origin, with the key', async () => {
    for (const location of ['/files/1', 'https://openrouter.ai/files/1#t=1', '//openrouter.ai:443/files/1']) {
      const target = { url: { href: 'https://openrouter.ai/files/1' }, getsKey: true, addresses: null };
      expect(await follow(location)).toMatchObject({ outcome: 'trusted', target });
    }
  });

  it('are foreign public hosts, without the key and pinned to the address that was checked', async () => {
    expect(await follow('https://93.184.215.14/v.mp4')).toMatchObject({
      outcome: 'trusted',
      target: { getsKey: false, addresses: [{ address: '93.184.215.14', family: 4 }] },
    });
    expect(await follow('https://localhost/v.mp4', () => true)).toMatchObject({
      outcome: 'trusted',
      target: { getsKey: false },
    });
  });

  it.each([
    'https://127.0.0.1:8444/x',
    'https://127.0.0.1:8443@127.0.0.2/x',
    'https://127.0.0.1/x',
    'http://127.0.0.1:8443',
  ])('do not include %s because it looks like the configured origin', async (location) => {
    const base = parseBaseUrl('https://127.0.0.1:8443/v1');
    const deadline = startDeadline(30_000);
    onTestFinished(deadline.end);
    expect(await createTrustedUrls(base).follow(location, base, deadline)).toMatchObject({ outcome: 'forbidden' });
  });

  it.each([
    'blob:https://openrouter.ai/x',
    'filesystem:https://openrouter.ai/temporary/x',
    'data:video/mp4,x',
    'file:///x',
  ])('do not include %s, whatever origin it names', async (location) => {
    expect(await follow(location, () => true)).toMatchObject({ outcome: 'forbidden' });
  });

  it('are not hosts of which any address is forbidden', async () => {
    expect(await follow('https://localhost/v.mp4')).toMatchObject({
      outcome: 'forbidden',
      reason: 'it redirects to localhost, which is no public address',
    });
  });
});
