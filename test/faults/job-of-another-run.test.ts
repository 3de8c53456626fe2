import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { completed, refusal } from '../support/provider.js';
import { startRig, until, withDefaults, type Rig } from '../support/rig.js';

/** A job is one run's, as far as the server's lists can say. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

async function untilListed(jobId: string, count: number): Promise<void> {
  await expect.poll(() => rig.temporal.workflow.count(`LongtakeJobId = '${jobId}'`)).toMatchObject({ count });
}

it('three runs of one id that had the job do not hide the run of another id from a person who adopts', async () => {
  rig.provider.script = { submit: () => refusal(500, 'who knows'), poll: ({ jobId }) => completed(jobId) };
  const { workflow } = rig.temporal;
  const adopt = async (workflowId: string) => {
    const args = [{ jobId: 'wanted', output: `${workflowId}.mp4`, overwrite: true }];
    await workflow.execute('generateVideo', { workflowId, taskQueue: rig.taskQueue, args });
  };
  await adopt('somebody-else');
  for (let n = 0; n < 3; n++) await adopt('again-and-again');
  await untilListed('wanted', 4);

  const args = [withDefaults({ output: 'other.mp4' })];
  await workflow.start('generateVideo', { workflowId: 'again-and-again', taskQueue: rig.taskQueue, args });
  const run = rig.client.handle('again-and-again');
  await until(run, ({ state }) => state === 'awaiting_decision');
  await expect(run.resolveSubmission({ action: 'adopt', jobId: 'wanted' })).rejects.toThrow(
    /Job wanted may be .* the run somebody-else, which has saved its video/,
  );
  await run.resolveSubmission({ action: 'abandon' });
  await expect(run.result()).rejects.toMatchObject({ type: 'SubmissionAbandoned' });
});
