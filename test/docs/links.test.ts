import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeSpans, filesBelow, papers, readPaper, ROOT } from './papers.js';

/** As GitHub makes anchors of headings. */
function anchorsOf(path: string): string[] {
  return [...readPaper(path).prose.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(prose: string): { readonly path: string; readonly anchor: string | null }[] {
  return [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map((match) => ({
    path: match[1] ?? '',
    anchor: match[2] ?? null,
  }));
}

/** Places of the repository that a paper names in inline code, such as `src/workflows/submit.ts` or `test/histories/`. */
function namedPlaces(prose: string): string[] {
  const places = codeSpans(prose).filter((span) => /^(src|test|docs|deploy|scripts|examples)\/[\w./-]+$/.test(span));
  return places.filter((place) => !place.includes('…'));
}

const cited = ['src', 'test', 'scripts', 'deploy', 'examples']
  .flatMap((folder) => filesBelow(folder, { deep: true }))
  .filter((path) => /\.(ts|mjs|js|py|sh|yaml)$/.test(path) && !path.startsWith('test/docs/'))
  .concat('docker-compose.yml', 'Dockerfile', '.env.example', '.dependency-cruiser.cjs');

describe.each(papers.map((paper) => [paper.path, paper] as const))('%s', (path, { prose }) => {
  it('links to what exists, down to the heading', () => {
    for (const link of linksOf(prose)) {
      const target = link.path === '' ? path : join(dirname(path), link.path);
      expect(existsSync(join(ROOT, target)), `${link.path} in ${path}`).toBe(true);
      if (link.anchor !== null) expect(anchorsOf(target), `#${link.anchor} in ${path}`).toContain(link.anchor);
    }
  });

  it('names files and folders that exist', () => {
    for (const place of namedPlaces(prose)) {
      expect(existsSync(join(ROOT, place)), `${place} in ${path}`).toBe(true);
      if (place.endsWith('/')) expect(statSync(join(ROOT, place)).isDirectory()).toBe(true);
    }
  });

  it('names no place of the machine it was written on', () => {
    expect(prose).not.toMatch(/\/(root|home|work|tmp|Users)\//);
  });
});

describe('papers that the code points to', () => {
  it('exist', () => {
    const missing = cited.flatMap((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      // What is imported from "../docs/" is of the tests.
      return [...text.matchAll(/(?<!'\.\.\/)\bdocs\/[\w/-]+(?:\.md)?/g)]
        .map((match) => match[0])
        .filter((place) => !exists(place))
        .map((place) => `${place} (${path})`);
    });
    expect(missing).toEqual([]);
  });
});

/** A decision may be cited by its number alone. */
function exists(place: string): boolean {
  if (existsSync(join(ROOT, place))) return true;
  const [, number = null] = /^docs\/decisions\/(\d{4})$/.exec(place) ?? [];
  return number !== null && readdirSync(join(ROOT, 'docs/decisions')).some((name) => name.startsWith(`${number}-`));
}

describe('decisions', () => {
  it('are numbered without a gap, and say context, choice and what it costs', () => {
    const pages = papers.filter(({ path }) => path.startsWith('docs/decisions/'));
    expect(pages.map(({ path }) => Number(/\/(\d{4})-/.exec(path)?.[1]))).toEqual(
      pages.map((_page, index) => index + 1),
    );
    for (const { path, text } of pages) {
      expect(text, path).toMatch(/^# \d{4}: .+\n\n## Context\n[\s\S]+\n## Choice\n[\s\S]+\n## What it costs\n/);
    }
  });
});
