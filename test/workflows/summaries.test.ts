import { afterAll, beforeAll, expect, it } from 'vitest';
import { completed, refusal } from '../support/provider.js';
import { startRig, until, type Rig } from '../support/rig.js';

/** Whoever reads a history in Temporal's UI sees by these words what each step is about. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  await rig.stop();
});

/** Activities, timers and the marks of local activities, each with whether it has words of its own. */
async function stepsOf(workflowId: string): Promise<{ readonly kind: string; readonly hasSummary: boolean }[]> {
  const { events } = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const marker = event.markerRecordedEventAttributes?.markerName;
    const kind =
      event.activityTaskScheduledEventAttributes?.activityType?.name ??
      (event.timerStartedEventAttributes ? 'timer' : marker === 'core_local_activity' ? marker : null);
    return kind === null ? [] : [{ kind, hasSummary: (event.userMetadata?.summary?.data?.length ?? 0) > 0 }];
  });
}

async function expectWords(workflowId: string, kinds: readonly string[]): Promise<void> {
  const steps = await stepsOf(workflowId);
  expect(steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining([...kinds]));
  expect(steps.filter(({ hasSummary }) => !hasSummary)).toEqual([]);
}

it('every step of a run that is saved has a summary', async () => {
  rig.provider.script = {};
  const handle = await rig.start();
  await handle.result();
  await expectWords(handle.workflowId, [
    'checkRequest',
    'submitVideo',
    'timer',
    'core_local_activity',
    'downloadVideo',
  ]);
});

it('so has every step of one in doubt, which looks again at a job', async () => {
  const jobId = 'in-doubt';
  let isRead = false;
  rig.provider.script = {
    submit: () => refusal(500, 'who knows'),
    poll: () => (isRead ? completed(jobId) : refusal(503, 'busy')),
    content: () => refusal(410, 'gone'),
  };
  const handle = await rig.start();
  await until(handle, ({ state }) => state === 'awaiting_decision');
  const event = { jobId, status: 'completed' };
  await rig.temporal.workflow.getHandle(handle.workflowId).signal('providerEvent', event);
  await until(handle, ({ error }) => /could not be read yet/.test(error?.message ?? ''));
  isRead = true;
  await handle.resolveSubmission({ action: 'adopt', jobId });
  await expect(handle.result()).rejects.toMatchObject({ type: 'DownloadFailed' });
  await expectWords(handle.workflowId, ['timer', 'core_local_activity', 'downloadVideo', 'discardDownload']);
});
