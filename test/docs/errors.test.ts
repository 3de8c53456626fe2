import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../src/contract/failures.js';

const FOLDER = fileURLToPath(new URL('../../docs/errors/', import.meta.url));
const SECTIONS = ['What happened', 'Was I billed?', 'What to do', 'Where it comes from'];
/** States that are no failures, but have a page too: slug → title. */
const STATES = { 'submission-unknown': 'awaiting_decision' };

const PAGES = Object.fromEntries([
  ...Object.entries(FAILURES).map(([type, { slug }]) => [slug, type] as const),
  ...Object.entries(STATES),
]);

function read(name: string): string {
  return readFileSync(`${FOLDER}${name}`, 'utf8');
}

function sectionsOf(page: string): Record<string, string> {
  const [, ...parts] = page.split(/^## /m);
  return Object.fromEntries(parts.map((part) => [part.split('\n')[0] ?? '', part.slice(part.indexOf('\n')).trim()]));
}

interface Row {
  readonly type: string;
  readonly slug: string;
  readonly link: string;
  readonly when: string;
  readonly billed: string;
}

const ROW = /^\| `(\w+)`\s*\| \[([\w-]+)\]\(([\w.-]+)\)\s*\| (.*?)\s*\| (yes|no|maybe)\s*\|$/;
const rows: Row[] = read('README.md')
  .split('\n')
  .flatMap((line) => {
    const [, type = '', slug = '', link = '', when = '', billed = ''] = ROW.exec(line) ?? [];
    return type === '' ? [] : [{ type, slug, link, when, billed }];
  });

describe('docs/errors', () => {
  it('has one page for each failure and state, and no page for anything else', () => {
    const files = readdirSync(FOLDER).filter((file) => file !== 'README.md');
    expect(files.sort()).toEqual(
      Object.keys(PAGES)
        .map((slug) => `${slug}.md`)
        .sort(),
    );
  });

  it.each(Object.entries(PAGES))('%s.md is titled %s and has every section, with words in it', (slug, title) => {
    const page = read(`${slug}.md`);
    expect(page.split('\n')[0]).toBe(`# \`${title}\``);
    const sections = sectionsOf(page);
    expect(Object.keys(sections)).toEqual(SECTIONS);
    for (const [section, text] of Object.entries(sections)) {
      expect(text.length, section).toBeGreaterThan(section === 'Was I billed?' ? 2 : 20);
    }
  });

  it.each(Object.entries(FAILURES))(
    'the page of %s answers the billing question as the failure does',
    (_type, failure) => {
      const answer = sectionsOf(read(`${failure.slug}.md`))['Was I billed?'] ?? '';
      expect(/^\w+/.exec(answer)?.[0].toLowerCase()).toBe(failure.billed);
    },
  );

  it('lists every failure in the order of the contract, with its page and its billing', () => {
    expect(rows.map(({ type, slug, link, billed }) => ({ type, slug, link, billed }))).toEqual(
      Object.entries(FAILURES).map(([type, { slug, billed }]) => ({ type, slug, link: `${slug}.md`, billed })),
    );
    for (const { type, when } of rows) expect(when, type).not.toBe('');
  });

  it.each(['README.md', ...Object.keys(PAGES).map((slug) => `${slug}.md`)])(
    '%s links only to pages that exist',
    (file) => {
      const links = [...read(file).matchAll(/\]\((?!https:)([^)#]+)/g)].map((match) => match[1] ?? '');
      const pages = readdirSync(FOLDER);
      for (const link of links) expect(pages).toContain(link);
    },
  );

  it.each(['README.md', ...Object.keys(PAGES).map((slug) => `${slug}.md`)])(
    '%s names only commands that there are',
    (file) => {
      const spans = [...read(file).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
      const commands = spans.flatMap((span) => /\blongtake ([a-z]+)/.exec(span)?.[1] ?? []);
      for (const command of commands) {
        expect(['generate', 'adopt', 'status', 'wait', 'list', 'cancel', 'resolve', 'models', 'doctor']).toContain(
          command,
        );
      }
    },
  );

  it('shows the three answers to a run that awaits a decision', () => {
    const page = read('submission-unknown.md');
    for (const answer of ['--adopt JOB_ID', '--resubmit', '--abandon']) {
      expect(page).toContain(`longtake resolve ID ${answer}`);
    }
  });
});
