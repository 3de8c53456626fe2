import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';

describe('what a download or a build of the Temporal CLI runs in', () => {
  it('has the way to the network and what Go is told, and none of the secrets', () => {
    const theirs = {
      HOME: '/home/ada',
      https_proxy: 'http://proxy.example:3128',
      NO_PROXY: 'localhost',
      GOPROXY: 'https://go.example',
      CGO_ENABLED: '0',
      SSL_CERT_FILE: '/etc/ssl/ours.pem',
    };
    const { toolEnvironment } = loadConfig({
      ...theirs,
      OPENROUTER_API_KEY: 'sk-or-secret',
      OPENROUTER_WEBHOOK_SECRET: 'whsec-secret',
      AWS_SECRET_ACCESS_KEY: 'secret',
      TEMPORAL_API_KEY: 'secret',
      UNRELATED: 'x',
    });
    expect(toolEnvironment).toEqual(theirs);
  });
});
