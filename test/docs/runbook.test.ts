import { describe, expect, it } from 'vitest';
import { readAlertRules } from '../deploy/alert-rules.js';
import { readPaper, sectionOf } from './papers.js';

const { text } = readPaper('docs/runbook.md');
const rules = readAlertRules();

describe('docs/runbook.md', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    'has a paragraph for %s: what it means, what to look at, what to do',
    (alert, { annotations }) => {
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      const section = sectionOf(text, `## ${alert}`);
      for (const part of ['**It means**', '**Look at**', '**Do**']) expect(section, part).toContain(part);
    },
  );

  it('explains no alert that does not exist', () => {
    const explained = [...text.matchAll(/^## (Longtake\w+)$/gm)].map(([, name]) => name);
    expect(explained).toEqual(rules.map(({ alert }) => alert));
  });
});
