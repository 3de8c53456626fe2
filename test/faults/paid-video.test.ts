import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureType } from '../../src/contract/index.js';
import { LongtakeError, type GenerateVideoInput } from '../../src/client/index.js';
import {
  accepted,
  CLIP,
  completed,
  job,
  refusal,
  video,
  type ProviderScript,
  type Reply,
} from '../support/provider.js';
import { startRig, type Rig } from '../support/rig.js';

/**
 * A run that failed after the submit names a command. Here it is cut from the message, given to a shell as it stands,
 * and has to save the video, without another paid request.
 */

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** What a person does: the command, the whole command, and nothing before it. */
const COMMAND = /To get the paid video: (longtake .+)$/;

interface Row {
  readonly type: FailureType;
  readonly when: string;
  readonly script: ProviderScript;
  readonly input?: Partial<GenerateVideoInput>;
  /** What a person mends before she runs the command. */
  readonly mend?: () => Promise<void>;
}

let rig: Rig;
let bin: string;

const QUICK_BOUND = { polling: { initialInterval: '10ms', maximumInterval: '10ms', maximumAttempts: 3 } };
const SHORT_DOWNLOAD = { timeouts: { download: '2s' } };
const obstacle = () => join(rig.storage, 'folder');

const ROWS: readonly Row[] = [
  {
    type: 'PollingExhausted',
    when: 'the video takes longer than the bound',
    script: { poll: ({ jobId }) => job(jobId, 'in_progress') },
    input: QUICK_BOUND,
  },
  { type: 'VideoLost', when: 'the provider forgets the job', script: { poll: () => refusal(404, 'no such job') } },
  {
    type: 'DownloadFailed',
    when: 'the asset is gone',
    script: { poll: ({ jobId }) => completed(jobId), content: () => refusal(410, 'gone') },
  },
  {
    type: 'DownloadFailed',
    when: 'its time is over',
    script: { poll: ({ jobId }) => completed(jobId), content: () => refusal(500, 'later') },
    input: SHORT_DOWNLOAD,
  },
  {
    type: 'InvalidVideo',
    when: 'what comes is no video',
    script: { poll: ({ jobId }) => completed(jobId), content: () => video(Buffer.from('<html>')) },
  },
  {
    type: 'StorageFailed',
    when: 'something is in the way, and is taken away',
    script: {
      poll: ({ jobId }) => completed(jobId),
      content: async () => {
        await writeFile(obstacle(), 'in the way');
        return video();
      },
    },
    input: { output: 'folder/x.mp4', ...SHORT_DOWNLOAD },
    mend: () => rm(obstacle()),
  },
  {
    type: 'AuthenticationFailed',
    when: 'the key is refused until the polls are used up, and mended',
    script: { poll: () => refusal(401, 'no such key') },
    input: QUICK_BOUND,
  },
  {
    type: 'PermissionDenied',
    when: 'the key may not fetch the video until the time is over, and is mended',
    script: { poll: ({ jobId }) => completed(jobId), content: () => refusal(403, 'not yours') },
    input: SHORT_DOWNLOAD,
  },
];

beforeAll(async () => {
  rig = await startRig();
  bin = join(rig.storage, '..', `${rig.taskQueue}-bin`);
  await mkdir(bin);
  await writeFile(join(bin, 'longtake'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(join(bin, 'longtake'), 0o755);
});
afterAll(async () => {
  await rm(bin, { recursive: true });
  await rig.stop();
});

const run = promisify(execFile);

async function inAShell(command: string): Promise<string> {
  const env = { ...rig.environment, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  return (await run('sh', ['-c', command], { env, cwd: bin })).stdout;
}

async function failureOf(input: Partial<GenerateVideoInput>): Promise<LongtakeError> {
  const handle = await rig.start(input);
  const error: unknown = await handle.result().catch((reason: unknown) => reason);
  if (!(error instanceof LongtakeError)) throw new Error(`the run did not fail: ${JSON.stringify(error)}`);
  return error;
}

/** Runs the command that the message ends with, once everything works again. */
async function obey({ message }: LongtakeError, key: string): Promise<void> {
  const [, command = ''] = COMMAND.exec(message) ?? [];
  expect(command, message).not.toBe('');
  const postsBefore = rig.provider.submits.length;
  rig.provider.script = { poll: ({ jobId }) => completed(jobId) };
  const stdout = await inAShell(command);
  expect(stdout).toContain(encodeURI(key));
  expect(await readFile(join(rig.storage, key))).toEqual(CLIP);
  expect(rig.provider.submits).toHaveLength(postsBefore);
}

describe('the command at the end of', () => {
  it.each(ROWS)('$type saves the video: $when', async ({ type, when, script, input = {}, mend }) => {
    const jobId = `job-${when.replaceAll(/[^a-z]+/g, '-')}`;
    rig.provider.script = { submit: () => accepted(jobId), ...script };
    const error = await failureOf({ output: `${jobId}.mp4`, ...input });
    expect(error, error.message).toMatchObject({ type, jobId });
    await mend?.();
    await obey(error, input.output ?? `${jobId}.mp4`);
  });

  it('a failure survives a shell, whatever job and key are called', async () => {
    const jobId = "-it's; $(touch pwned) `x` *";
    const output = "-the $HOME of 'quotes' & more.mp4";
    rig.provider.script = { submit: () => accepted(jobId), poll: () => refusal(404, 'no such job') };
    await obey(await failureOf({ output }), output);
  });

  it('a command that failed itself works when it is given again', async () => {
    const output = 'second-try.mp4';
    rig.provider.script = { submit: () => accepted('job-twice'), poll: () => refusal(404, 'no such job') };
    const error = await failureOf({ output });
    const [, command = ''] = COMMAND.exec(error.message) ?? [];
    rig.provider.script = { poll: ({ jobId }) => job(jobId, 'failed') };
    const failed: unknown = await inAShell(command).catch((reason: unknown) => reason);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('VideoFailed') as string });
    await obey(error, output);
  });

  it.each<[string, Reply]>([
    ['DownloadFailed', refusal(410, 'gone')],
    ['InvalidVideo', { body: 'no video', headers: { 'content-type': 'video/mp4' } }],
  ])('%s of one of several outputs keeps none of the others from being saved', async (type, lost) => {
    const lose = new Set([0, 2]);
    rig.provider.script = {
      submit: () => accepted(`job-of-four-${type}`),
      poll: ({ jobId }) => completed(jobId, 0.24, 4),
      content: ({ index }) => (lose.has(index) ? lost : video()),
    };
    const error = await failureOf({ output: `four-${type}.mp4` });
    expect(error).toMatchObject({ type });
    expect(error.message).toMatch(
      /^Saved: \S+-1\.mp4, \S+-3\.mp4\. Not saved: four-\w+\.mp4 \(\w+\), \S+-2\.mp4 \(\w+\)\. /,
    );
    expect(await readFile(join(rig.storage, `four-${type}-3.mp4`))).toEqual(CLIP);
    lose.clear();
    await obey(error, `four-${type}.mp4`);
  });

  it('StorageFailed of one of several outputs keeps none of the others from being saved', async () => {
    const taken = ['three.mp4', 'three.job-of-three.mp4'].map((name) => join(rig.storage, name));
    rig.provider.script = {
      submit: () => accepted('job-of-three'),
      poll: ({ jobId }) => completed(jobId, 0.24, 3),
      content: async ({ index }) => {
        if (index === 0) await Promise.all(taken.map((file) => writeFile(file, 'other')));
        return video();
      },
    };
    const error = await failureOf({ output: 'three.mp4', ...SHORT_DOWNLOAD });
    expect(error).toMatchObject({ type: 'StorageFailed' });
    expect(error.message).toMatch(
      /^Saved: \S+three-1\.mp4, \S+three-2\.mp4\. Not saved: three\.mp4 \(StorageFailed\)\. .*hold other content/,
    );
    expect(await readFile(join(rig.storage, 'three-2.mp4'))).toEqual(CLIP);
    await Promise.all(taken.map((file) => rm(file)));
    await obey(error, 'three.mp4');
  });

  it.each([
    [401, 'AuthenticationFailed'],
    [403, 'PermissionDenied'],
  ])('a %i of one of several outputs keeps none of the others from being saved', async (status, type) => {
    const name = `refused-with-${status}`;
    const ofFour: ProviderScript = {
      submit: () => accepted(name),
      poll: ({ jobId }) => completed(jobId, 0.24, 4),
      content: ({ index }) => (index === 1 ? refusal(status, 'not yours') : video()),
    };
    rig.provider.script = ofFour;
    const error = await failureOf({ output: `${name}.mp4`, ...SHORT_DOWNLOAD });
    expect(error).toMatchObject({ type });
    const others = ['', '-2', '-3'].map((suffix) => `\\S+${name}${suffix}\\.mp4`).join(', ');
    expect(error.message).toMatch(
      new RegExp(`^Saved: ${others}\\. Not saved: ${name}-1\\.mp4 \\(${type}\\)\\. timeouts\\.download `),
    );
    expect(await readFile(join(rig.storage, `${name}-3.mp4`))).toEqual(CLIP);

    rig.provider.script = ofFour;
    const adopting = await failureOf({
      request: undefined,
      jobId: name,
      output: `again-${name}.mp4`,
      ...SHORT_DOWNLOAD,
    });
    expect(adopting.message).toMatch(/^Saved: (\S+, ){2}\S+-3\.mp4\. /);
    await obey(error, `adopt-${name}.mp4`);
  });

  it('the second of two videos gets both, under a name of their own, and the first one stays', async () => {
    rig.provider.script = {
      submit: () => accepted('job-of-two'),
      poll: ({ jobId }) => completed(jobId, 0.24, 2),
      content: ({ index }) => (index === 0 ? video() : refusal(410, 'gone')),
    };
    const error = await failureOf({ output: 'pair.mp4' });
    expect(error.message).toMatch(/Saved: file:\S+pair\.mp4\./);
    await obey(error, 'adopt-job-of-two.mp4');
    expect(await readFile(join(rig.storage, 'pair.mp4'))).toEqual(CLIP);
  });
});
