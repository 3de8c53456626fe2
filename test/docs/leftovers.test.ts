import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { executablesOnPath } from '../../src/local/executable.js';
import { CLIP, completed } from '../support/provider.js';
import { startRig, until } from '../support/rig.js';
import { startS3Server, type S3Server } from '../support/s3-server.js';
import { newBucket, newDirectory, type StoragePlace } from '../support/storage-place.js';
import { startWorkerProcess } from '../support/worker-process.js';
import { readPaper } from './papers.js';

/** What a killed worker leaves of a run that is terminated, and that the papers' commands find and remove just that. */

const LEFTOVER = expect.stringMatching(/^\.longtake-[0-9a-f]{24}-[0-9a-f]{12}\.part$/) as string;
const [aws] = await executablesOnPath('aws', process.env['PATH'] ?? '');

const run = promisify(execFile);

vi.setConfig({ testTimeout: 120_000, hookTimeout: 150_000 });

/** Kills the worker in the middle of the download of `in folder/x.mp4`, and terminates the run. */
async function dieInDownload(place: StoragePlace): Promise<void> {
  const rig = await startRig({
    worker: false,
    environment: place.environment,
    script: {
      poll: ({ jobId }) => completed(jobId),
      content: ({ response }) => {
        response.writeHead(200, { 'content-length': String(CLIP.length) });
        response.write(CLIP.subarray(0, CLIP.length / 2));
        return null;
      },
    },
  });
  onTestFinished(() => rig.stop());
  const worker = await startWorkerProcess(rig.environment);
  const handle = await rig.start({ output: 'in folder/x.mp4' });
  await until(handle, ({ transfer }) => transfer !== null && transfer.bytes > 0);
  await worker.kill();
  await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
}

function scriptsOf(path: string, program: RegExp): string[] {
  return readPaper(path).blocks.flatMap(({ text }) => (program.test(text) ? [text.trimEnd()] : []));
}

it('stays in a directory as one file, which the how-to finds once it is a day old', async () => {
  const place = await newDirectory();
  onTestFinished(() => place.close());
  await dieInDownload(place);
  const root = place.environment['LONGTAKE_STORAGE'] ?? '';
  const folder = join(root, 'in folder');
  expect(await readdir(folder)).toEqual([LEFTOVER]);
  const [leftover = ''] = await readdir(folder);
  const dayAgo = new Date(Date.now() - 25 * 3_600_000);
  for (const name of ['other.mp4', 'other.part']) {
    await writeFile(join(folder, name), 'other');
    await utimes(join(folder, name), dayAgo, dayAgo);
  }
  const [find = ''] = scriptsOf('docs/how-to/choose-the-storage-folder.md', /^find /);
  const command = find.replace('/srv/videos', root);
  expect((await run('sh', ['-c', command])).stdout).toBe('');
  await utimes(join(folder, leftover), dayAgo, dayAgo);
  expect((await run('sh', ['-c', command])).stdout).toBe(`${join(folder, leftover)}\n`);
  await run('sh', ['-c', `${command} -delete`]);
  expect((await readdir(folder)).sort()).toEqual(['other.mp4', 'other.part']);
});

describe('in S3', () => {
  let server: S3Server;
  let directory: string;

  beforeAll(async () => {
    server = await startS3Server();
    directory = await mkdtemp(join(tmpdir(), 'longtake-claims-'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.stop();
    await rm(directory, { recursive: true });
  });

  it('stays as one claim', async () => {
    const place = await newBucket(server);
    await dieInDownload(place);
    expect(await place.everything('in folder')).toEqual([LEFTOVER]);
  });

  it.skipIf(aws === undefined)('is found by its age, and removed, as the how-to says (needs the AWS CLI)', async () => {
    const Bucket = await server.newBucket();
    const claims = ['prefix/.longtake-0-1.part', 'prefix/in folder/ünd $HOME/.longtake-0-2.part'];
    const others = ['.longtake-0-3.part', 'prefix/a.longtake-0-4.part', 'prefix/.longtake-5/x.part', 'prefix/x.mp4'];
    for (const Key of [...claims, ...others])
      await server.client.send(new PutObjectCommand({ Bucket, Key, Body: '{}' }));
    const [list = '', remove = ''] = scriptsOf('docs/how-to/store-in-s3.md', /\baws s3api /);
    const shell = async (script: string, before: Date) => {
      const filled = script
        .replaceAll('BUCKET', Bucket)
        .replaceAll('s3api', `--region us-east-1 --endpoint-url ${server.endpoint} s3api`)
        .replace('2026-11-20', before.toISOString().slice(0, 10));
      const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...server.environment };
      await run('bash', ['-c', `${filled} || true`], { cwd: directory, env });
    };
    const DAY = 24 * 3_600_000;
    await shell(list, new Date(Date.now() - DAY));
    await shell(remove, new Date());
    expect(await server.everything(Bucket)).toEqual([...claims, ...others].sort());
    await shell(list, new Date(Date.now() + 2 * DAY));
    await shell(remove, new Date());
    expect(await server.everything(Bucket)).toEqual(others.sort());
  });
});
