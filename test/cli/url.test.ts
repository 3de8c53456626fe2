import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { completed, CLIP } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import { longtake, newFolder } from './cli-process.js';

let server: S3Server;
let rig: Rig;
let environment: Record<string, string>;

beforeAll(async () => {
  server = await startS3Server();
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  const storage = `s3://${await server.newBucket()}/some folder`;
  rig = await startRig({ environment: { ...server.environment, LONGTAKE_STORAGE: storage } });
  environment = { ...rig.environment, ...server.environment };
});

afterAll(async () => {
  await rig.stop();
  vi.unstubAllEnvs();
  await server.stop();
});

async function url(...args: string[]) {
  return await longtake(['url', ...args], { cwd: await newFolder(), env: environment });
}

describe('longtake url', () => {
  it('prints a link that works without credentials, and for as long as asked', async () => {
    const handle = await rig.start({ output: 'a/glass house ☀.mp4' });
    const { assets } = await handle.result();
    const { code, stdout, stderr } = await url(handle.workflowId, '--expires', '90s');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const link = new URL(stdout.trim());
    expect(link.searchParams.get('X-Amz-Expires')).toBe('90');
    const response = await fetch(link);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(CLIP);
    expect(assets[0]?.uri).not.toContain('X-Amz');
    expect(stdout).not.toContain(server.environment['AWS_SECRET_ACCESS_KEY']);
    link.searchParams.set('X-Amz-Expires', '9000');
    expect((await fetch(link)).status).toBe(403);
  });

  it('prints one line for every video of a run', async () => {
    rig.provider.script.poll = ({ jobId }) => completed(jobId, 0.1, 2);
    const handle = await rig.start();
    await handle.result();
    const { stdout } = await url(handle.workflowId);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => new URL(line).searchParams.get('X-Amz-Expires')),
    ).toEqual(['3600', '3600']);
  });

  it('prints the address of a file where videos go to a directory', async () => {
    const files = await startRig();
    const handle = await files.start();
    const { assets } = await handle.result();
    const { code, stdout } = await longtake(['url', handle.workflowId], {
      cwd: await newFolder(),
      env: files.environment,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${assets[0]?.uri ?? ''}\n` });
    await files.stop();
  });

  it('prints no address of a file that is gone from the directory it has as its storage, and status says so too', async () => {
    const files = await startRig();
    files.provider.script.poll = ({ jobId }) => completed(jobId, 0.1, 2);
    const handle = await files.start({ output: 'two.mp4' });
    const [first, second] = (await handle.result()).assets;
    await rm(fileURLToPath(first?.uri ?? ''));
    const cwd = await newFolder();
    const { code, stdout, stderr } = await longtake(['url', handle.workflowId], { cwd, env: files.environment });
    expect({ code, stdout }).toEqual({ code: 1, stdout: `${second?.uri ?? ''}\n` });
    expect(stderr).toMatch(/two\.mp4 is not there any more\. .* longtake adopt --output two\.mp4 \S+$/m);
    const status = await longtake(['status', handle.workflowId], { cwd, env: files.environment });
    expect(status).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^saved .*, but it is not there any more$/m) as string,
    });
    const elsewhere = { ...files.environment, LONGTAKE_STORAGE: cwd };
    expect(await longtake(['url', handle.workflowId], { cwd, env: elsewhere })).toMatchObject({ code: 0, stderr: '' });
    await files.stop();
  });

  it('says so when there is nothing to print, or the duration is none', async () => {
    rig.provider.script.submit = () => ({ status: 500 });
    const handle = await rig.start();
    await until(handle, ({ state }) => state === 'awaiting_decision');
    const nothing = await url(handle.workflowId);
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toContain('has saved no video: it is awaiting_decision');
    expect(await url('no-such-run')).toMatchObject({ code: 1, stdout: '' });
    for (const duration of ['8d', '0s', 'soon']) {
      expect(await url(handle.workflowId, '--expires', duration)).toMatchObject({ code: 2, stdout: '' });
    }
    await handle.resolveSubmission({ action: 'abandon' });
  });
});
