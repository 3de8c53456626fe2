import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../support/rig.js';

/** Whoever waits for it has not seen the end when it came. */
const HOURS = { intervalMs: 3 * 3_600_000 };

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ worker: false });
});
afterAll(async () => {
  await rig.stop();
});

describe('following a run', () => {
  it('sees its end when it comes, however long the interval', async () => {
    const handle = await rig.start();
    const states: string[] = [];
    for await (const { state, error } of handle.follow(HOURS)) {
      states.push(error?.type ?? state);
      if (states.length === 1) void rig.temporal.workflow.getHandle(handle.workflowId).terminate('enough');
    }
    expect(states).toHaveLength(2);
    expect(states.at(-1)).toBe('Terminated');
  });

  it('sees it also where the one who follows was busy when it came', async () => {
    const handle = await rig.start();
    const { workflow } = rig.temporal;
    let looks = 0;
    for await (const { workflowId } of handle.follow(HOURS)) {
      if (++looks > 1) continue;
      await workflow.getHandle(workflowId).terminate('enough');
      await expect(workflow.getHandle(workflowId).result()).rejects.toThrow('enough');
    }
    expect(looks).toBe(2);
  });

  it('leaves nothing waiting at the server when it is given up', async () => {
    const handle = await rig.start();
    const given = new AbortController();
    for await (const { state } of handle.follow({ ...HOURS, signal: given.signal })) {
      expect(state).toBe('validating');
      given.abort();
    }
    await rig.temporal.workflow.getHandle(handle.workflowId).terminate();
  });
});
