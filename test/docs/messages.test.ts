import { describe, expect, it } from 'vitest';
import { schemas } from '../../src/contract/index.js';
import * as names from '../../src/contract/names.js';
import { videoState } from '../../src/contract/schemas.js';
import { firstColumns, readPaper, sectionOf } from './papers.js';

const { text } = readPaper('docs/reference/messages.md');

function example(heading: string): unknown {
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(sectionOf(text, heading)) ?? [];
  return JSON.parse(json);
}

describe('docs/reference/messages.md', () => {
  it('names everything that goes over the wire', () => {
    const { SEARCH_ATTRIBUTES, downloadTaskQueue, ...others } = names;
    const onTheWire = [...Object.values(others), downloadTaskQueue(names.DEFAULT_TASK_QUEUE)];
    for (const name of [...onTheWire, ...Object.keys(SEARCH_ATTRIBUTES)]) expect(text).toContain(`\`${name}\``);
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
      expect(text).toMatch(new RegExp(`\\| \`${name}\` +\\| ${type}\\b`));
    }
  });

  it.each(['GenerateVideoInput', 'GenerateVideoResult', 'VideoStatus'] as const)(
    'shows a %s that is one, with every field it can have',
    (type) => {
      const shown = schemas[type].parse(example(`## ${type}`));
      const fields = Object.keys(schemas[type].shape).filter(
        (field) => type !== 'GenerateVideoInput' || field !== 'jobId',
      );
      expect(Object.keys(shown).sort()).toEqual(fields.sort());
    },
  );

  it('explains every field of the input', () => {
    const explained = firstColumns(sectionOf(text, '## GenerateVideoInput')).join();
    for (const field of Object.keys(schemas.GenerateVideoInput.shape)) expect(explained).toContain(`\`${field}`);
  });

  it('explains every state', () => {
    const explained = firstColumns(sectionOf(text, '## VideoStatus')).map((cell) => cell.replaceAll('`', ''));
    expect(explained.filter((cell) => cell !== 'state' && !cell.startsWith('-'))).toEqual(videoState.options);
  });
});
