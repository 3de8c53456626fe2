import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { gate } from '../support/gate.js';
import { completed, refusal, type ProviderScript, type Reply } from '../support/provider.js';
import { startRig, until, WORKFLOW_BUNDLE, type Rig } from '../support/rig.js';
import { say } from '../support/say.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => {
  rig.provider.polls.length = 0;
  rig.provider.script = {};
});
afterAll(async () => {
  await rig.stop();
});

/** How many of them the provider has at once at most; each waits for another one, but not for long. */
function countsLooks(answer: (jobId: string) => Reply): {
  readonly poll: NonNullable<ProviderScript['poll']>;
  most: number;
} {
  let open = 0;
  const another = gate();
  const looks = {
    most: 0,
    poll: async ({ jobId }: { readonly jobId: string }) => {
      open += 1;
      looks.most = Math.max(looks.most, open);
      if (open > 1) another.open();
      await Promise.race([another.opened, delay(300)]);
      open -= 1;
      return answer(jobId);
    },
  };
  return looks;
}

/** With two that end in one workflow task, this would not replay. */
it('looks at a job that an event names, and at one that a person names, come one after the other', async () => {
  const looks = countsLooks((jobId) => (jobId === 'by-event' ? refusal(503, 'busy') : completed(jobId)));
  rig.provider.script = { submit: () => refusal(500, 'who knows'), poll: looks.poll };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  await rig.worker?.stop();
  await rig.temporal.workflow
    .getHandle(handle.workflowId)
    .signal('providerEvent', { jobId: 'by-event', status: 'completed' });
  await say(rig, handle, { action: 'adopt', jobId: 'by-person' });
  await rig.startWorker();
  expect(await handle.result()).toMatchObject({ jobId: 'by-person' });
  expect(looks.most).toBe(1);
  const history = await rig.temporal.workflow.getHandle(handle.workflowId).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: { codePath: WORKFLOW_BUNDLE } }, history, handle.workflowId);
});
