import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';

const KEY = randomBytes(32).toString('base64');
const OLD = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')] as const;

function messageOf(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
    return 'nothing was wrong';
  } catch (error) {
    return String(error);
  }
}

describe('the keys in the environment', () => {
  it('are off when they are not given, or empty', () => {
    const none = { current: null, old: [] };
    expect(loadConfig({}).encryption).toEqual(none);
    expect(loadConfig({ LONGTAKE_ENCRYPTION_KEY: '', LONGTAKE_ENCRYPTION_OLD_KEYS: '' }).encryption).toEqual(none);
  });

  it('are one that encrypts and any number of old ones, with spaces and line ends around them', () => {
    const { encryption } = loadConfig({
      LONGTAKE_ENCRYPTION_KEY: `${KEY}\n`,
      LONGTAKE_ENCRYPTION_OLD_KEYS: ` ${OLD[0]} , ${OLD[1]},`,
    });
    expect(encryption.current?.secret.export().toString('base64')).toBe(KEY);
    expect(encryption.old.map(({ secret }) => secret.export().toString('base64'))).toEqual(OLD);
  });

  it.each([
    ['LONGTAKE_ENCRYPTION_KEY', 'c2VjcmV0'],
    ['LONGTAKE_ENCRYPTION_KEY', `${KEY},${OLD[0]}`],
    ['LONGTAKE_ENCRYPTION_OLD_KEYS', `${OLD[0]},c2VjcmV0`],
  ])('stop the process when %s is wrong, by its name and without its value', (name, value) => {
    const message = messageOf({ [name]: value });
    expect(message).toBe(
      `ConfigError: The configuration is wrong: ${name} must be 32 bytes in base64, as "openssl rand -base64 32" prints them.`,
    );
  });

  it('are not shown by what prints them', () => {
    const { encryption } = loadConfig({ LONGTAKE_ENCRYPTION_KEY: KEY, LONGTAKE_ENCRYPTION_OLD_KEYS: OLD[0] });
    const printed = inspect(encryption, { depth: null }) + JSON.stringify(encryption);
    for (const key of [KEY, OLD[0]]) expect(printed).not.toContain(key);
  });

  it('take a token for the codec server only when it cannot be guessed', () => {
    expect(loadConfig({ LONGTAKE_CODEC_TOKEN: 'x'.repeat(16) }).codecToken).toBe('x'.repeat(16));
    expect(messageOf({ LONGTAKE_CODEC_TOKEN: 'guessable' })).toMatch(/LONGTAKE_CODEC_TOKEN must be one word/);
    expect(messageOf({ LONGTAKE_CODEC_TOKEN: 'guessable' })).not.toContain('guessable');
  });
});
