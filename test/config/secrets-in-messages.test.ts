import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.js';

async function configFile(text: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'longtake-config-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'temporal.toml');
  await writeFile(file, text);
  return file;
}

describe('what is said about a wrong setting', () => {
  it('tells where a Temporal profile is malformed, and quotes nothing of it', async () => {
    const file = await configFile('[profile.default]\naddress = "a.test:7233"\napi_key = SUPERSECRET\n');
    expect(() => loadConfig({ TEMPORAL_CONFIG_FILE: file })).toThrow(
      /^The Temporal settings \(TEMPORAL_\*\) are wrong: the configuration file is no TOML \(line 3, column \d+\)\.$/,
    );
  });

  it('still names a profile that is not there', async () => {
    const file = await configFile('[profile.default]\n');
    expect(() => loadConfig({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'other' })).toThrow("'other' not found");
  });

  it.each(['user:secret@a.test:7233', 'secret@a.test', 'https://user:secret@a.test:1'])(
    'refuses %s for Temporal’s address without repeating it',
    async (address) => {
      const file = await configFile(`[profile.default]\naddress = "${address}"\n`);
      for (const environment of [{ TEMPORAL_ADDRESS: address }, { TEMPORAL_CONFIG_FILE: file }]) {
        const load = () => loadConfig(environment);
        expect(load).toThrow('TEMPORAL_ADDRESS must be host:port, without a user and a password');
        expect(load).not.toThrow('secret');
      }
    },
  );

  it.each(['https://user:secret@a.test', 'https://a.test/?secret', 'https://a.test/#secret', 'https://a.test?'])(
    'refuses the webhook address %s without repeating it',
    (address) => {
      const load = () => loadConfig({ LONGTAKE_WEBHOOK_URL: address });
      expect(load).toThrow('LONGTAKE_WEBHOOK_URL must be an address without credentials, query or fragment');
      expect(load).not.toThrow('secret');
    },
  );

  it('takes a webhook address with a path', () => {
    expect(loadConfig({ LONGTAKE_WEBHOOK_URL: 'https://a.test/hooks' }).webhookUrl).toBe('https://a.test/hooks');
  });
});
