import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from './raw-server.js';
import type { RebindingReport, RebindingTask } from './rebinding-child.js';
import { API_KEY } from './rig.js';

/**
 * Names whose addresses change between the check and the connection, with the client as it is shipped. The process gets a
 * network of its own in which a public address leads to a listener here, and a name server of its own. That takes
 * namespaces, so Linux, and the right to make them.
 */

const PUBLIC = '93.184.215.14';
const PRIVATE = '127.0.0.1';

const run = promisify(execFile);
const CHILD = new URL('./rebinding-child.ts', import.meta.url);
const DIST = new URL('../../dist/', import.meta.url).href;

const canMakeNamespaces = ((): boolean => {
  try {
    execFileSync('unshare', ['-m', '-n', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canMakeNamespaces)('a name that is another host a moment later (needs namespaces)', () => {
  const tls = selfSigned(['DNS:assets.test']);
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'longtake-rebinding-'));
    const { outputText } = ts.transpileModule(await readFile(CHILD, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(path.join(directory, 'child.mjs'), outputText.replaceAll('../../src/', DIST));
    await writeFile(path.join(directory, 'cert.pem'), tls.cert);
    await writeFile(path.join(directory, 'resolv.conf'), `nameserver ${PRIVATE}\n`);
    await writeFile(path.join(directory, 'nsswitch.conf'), 'hosts: dns\n');
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  async function ask(addresses: RebindingTask['addresses'], calls = 1, hung = 0): Promise<RebindingReport> {
    const task: RebindingTask = { tls, apiKey: API_KEY, publicAddress: PUBLIC, addresses, calls, hung };
    const setUp = [
      'set -e',
      'ip link set lo up',
      `ip addr add ${PUBLIC}/32 dev lo`,
      'for file in resolv.conf nsswitch.conf; do mount --bind "$0/$file" "/etc/$file"; done',
      'exec "$@"',
    ].join('\n');
    const program = [process.execPath, path.join(directory, 'child.mjs'), JSON.stringify(task)];
    const { stdout } = await run('unshare', ['-m', '-n', 'sh', '-c', setUp, directory, ...program], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: path.join(directory, 'cert.pem') },
    });
    const report = JSON.parse(stdout) as RebindingReport;
    // Whatever the name was: the key went to the provider alone.
    expect(report.provider.requests.map(({ authorization }) => authorization)).toEqual(
      Array.from({ length: calls + hung }, () => `Bearer ${API_KEY}`),
    );
    expect(JSON.stringify([report.publicHost, report.privateHost])).not.toContain(API_KEY);
    for (const { authorization } of report.publicHost.requests) expect(authorization).toBeUndefined();
    expect(report.privateHost).toEqual({ connections: 0, requests: [] });
    return report;
  }

  it('was public when it was checked, and private right after: the connection ends at the checked address', async () => {
    const { outcomes, lookUps, publicHost } = await ask([[PUBLIC], [PRIVATE]]);
    expect(outcomes).toEqual(['content']);
    expect(lookUps).toBe(1);
    expect(publicHost.requests).toHaveLength(1);
  });

  it('was public for one attempt and is private for the next: that one is refused', async () => {
    const { outcomes, publicHost } = await ask([[PUBLIC], [PRIVATE]], 2);
    expect(outcomes).toEqual(['content', 'astray']);
    expect(publicHost.requests).toHaveLength(1);
  });

  it('was private and is public right after: it is refused, and taken when it is asked for again', async () => {
    const { outcomes, publicHost } = await ask([[PRIVATE], [PUBLIC]], 2);
    expect(outcomes).toEqual(['astray', 'content']);
    expect(publicHost.requests).toHaveLength(1);
  });

  it('whose name servers do not answer leaves the look-ups of others alone', async () => {
    const { givenUpBefore } = await ask([[PUBLIC]], 0, 6);
    expect(givenUpBefore).toBe(0);
  });

  it.each([[[PUBLIC, PRIVATE]], [[PRIVATE, PUBLIC]]])(
    'is both at once (%j): it is refused, and nobody is connected to',
    async (both) => {
      const { outcomes, publicHost } = await ask([both]);
      expect(outcomes).toEqual(['astray']);
      expect(publicHost.connections).toBe(0);
    },
  );
});
