import { afterAll, beforeAll, expect, it } from 'vitest';
import { SCENARIOS } from '../recording/scenarios.js';
import { replay } from '../support/replay.js';
import { startRig, type Rig } from '../support/rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  await rig.stop();
});

const skip = () => Promise.reject(new Error('This clock is a real one.'));

/**
 * A replay knows of no marker that stands in a later workflow task than what it comes behind, so that a run which decided on
 * a change behind one of its looks at a job could stand still after its worker was restarted.
 */
it('a run decides on every change before it does anything', async () => {
  const { script = {}, story } = SCENARIOS['let-go-and-submitted-again'] ?? {};
  rig.provider.script = script;
  const handle = await rig.start();
  await story?.(handle, { rig, skip });

  const history = await rig.temporal.workflow.getHandle(handle.workflowId).fetchHistory();
  const events = history.events ?? [];
  const markers = events.flatMap((event, at) =>
    event.markerRecordedEventAttributes?.markerName === 'core_patch' ? [at] : [],
  );
  expect(markers).toHaveLength(1); // the newest stands for all
  expect(Math.max(...markers)).toBeLessThan(
    events.findIndex(({ activityTaskScheduledEventAttributes: activity }) => activity),
  );
  await replay(handle.workflowId, history);
});
