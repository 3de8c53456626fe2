import { randomBytes } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { hindrance } from '../../src/cli/hindrance.js';
import type { LongtakeHandle } from '../../src/client/index.js';
import { refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';
import { CliProcess, longtake, newFolder } from './cli-process.js';

/** What a person who cancels or answers is told where the run cannot take it now. */

let rig: Rig;

afterEach(async () => {
  await rig.stop();
});

it('an answer to a run that no worker serves is said to wait for one, with the command that starts it', async () => {
  rig = await startRig({ worker: false });
  const { workflowId } = await rig.start();
  const cli = new CliProcess(['resolve', '--abandon', workflowId], { cwd: await newFolder(), env: rig.environment });
  await cli.says(
    new RegExp(
      `^No worker asks for work on task queue ${rig.taskQueue}: the decision can be carried out when one starts \\(LONGTAKE_TASK_QUEUE=${rig.taskQueue} longtake worker\\)\\.$`,
      'm',
    ),
  );
  cli.signal('SIGINT');
  expect((await cli.ended).code).toBe(130);
});

/** Its worker lacks the key. */
async function startFailing(): Promise<LongtakeHandle> {
  const LONGTAKE_ENCRYPTION_KEY = randomBytes(32).toString('base64');
  rig = await startRig({ environment: { LONGTAKE_ENCRYPTION_KEY }, script: { submit: () => refusal(500, 'no') } });
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await rig.worker?.stop();
  await rig.startWorker((config) => ({ ...config, encryption: { current: null, old: [] } }));
  return handle;
}

it('of a run whose step fails that is said, where to see why, and that the cancel is recorded, and the answer not', async () => {
  const { workflowId } = await startFailing();
  const cli = async (...args: string[]) => await longtake(args, { cwd: await newFolder(), env: rig.environment });
  expect((await cli('cancel', workflowId)).code).toBe(0);
  await expect
    .poll(() => hindrance(rig.temporal, workflowId, 'it ends'))
    .toMatch(
      /^The step of the run fails again and again on the workers: it ends once that is mended\. To see why: (npx )?longtake status run-\S+$/,
    );
  const stuck = async () =>
    (await rig.temporal.workflow.getHandle(workflowId).describe()).raw.pendingWorkflowTask?.attempt ?? 0;
  await expect.poll(stuck).toBeGreaterThan(2);
  const { code, stderr } = await cli('resolve', '--abandon', workflowId);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(
      `^error: The answer was not taken, .* Say it again once that is mended\\. To see why: longtake status ${workflowId}$`,
      'm',
    ),
  );
  expect(await cli('cancel', workflowId)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^! The step of the run fails again and again on the workers: the cancel is recorded, and takes effect once that is mended\. To see why: longtake status \S+$/m,
    ) as string,
  });
});
