import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../recording/scenarios.js';
import { goldenHistories, type GoldenHistory } from '../support/histories.js';
import { patchesIn, markersInCode } from '../support/patches.js';
import { replay } from '../support/replay.js';
import { useQuietRuntime } from '../support/rig.js';

useQuietRuntime();

/** The first part of a history's name. */
const RELEASE = /^\d+\.\d+\.\d+-/;
const histories = await goldenHistories();

const replayed = ({ workflowId, events }: Pick<GoldenHistory, 'workflowId' | 'events'>): Promise<void> =>
  replay(workflowId, { events });

describe('histories of earlier releases replay on this one', () => {
  it('has a history for every way a run can go', () => {
    const ways = new Set(histories.map(({ name }) => name.replace(RELEASE, '')));
    expect(Object.keys(SCENARIOS).filter((way) => !ways.has(way))).toEqual([]);
  });

  it('has a history that goes by each change of the code', async () => {
    const markers = await markersInCode();
    const recorded = new Set(histories.flatMap(patchesIn));
    expect(markers).not.toHaveLength(0);
    expect(markers.filter((id) => !recorded.has(id))).toEqual([]);
  });

  it.each(histories.map((history) => [history.name, history] as const))('%s', async (_name, history) => {
    await replayed(history);
  });
});

describe('a change that breaks running histories is seen', () => {
  const [history] = histories.filter(({ name }) => name.endsWith('-saved'));

  /** The history as another workflow code would have made it. */
  function changed(from: string, to: string): Pick<GoldenHistory, 'workflowId' | 'events'> {
    const text = JSON.stringify(history);
    expect(text).toContain(from);
    return JSON.parse(text.replaceAll(from, to)) as GoldenHistory;
  }

  it.each([
    ['another activity', '"submitVideo"', '"sendVideo"'],
    ['a timer that was an activity', 'EVENT_TYPE_TIMER_STARTED', 'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES'],
  ])('%s', async (_what, from, to) => {
    await expect(replayed(changed(from, to))).rejects.toThrow(Error);
  });

  it('as a determinism violation', async () => {
    await expect(replayed(changed('"downloadVideo"', '"fetchVideo"'))).rejects.toBeInstanceOf(
      DeterminismViolationError,
    );
  });
});
