import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a paper. */
export interface Block {
  /** What stands behind the opening fence: `sh`, `ts`, `text`, … */
  readonly language: string;
  readonly text: string;
}

export interface Paper {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Everything but the blocks. */
  readonly prose: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

export function readPaper(path: string): Paper {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const blocks = [...text.matchAll(FENCE)].map((match) => ({ language: match[1] ?? '', text: match[2] ?? '' }));
  return { path, text, blocks, prose: text.replace(FENCE, '') };
}

/** All Markdown of the repository that is written for readers. */
export const papers: readonly Paper[] = [
  ...filesBelow('', { deep: false }),
  ...filesBelow('docs', { deep: true }),
  ...filesBelow('examples', { deep: true }),
]
  .filter((path) => path.endsWith('.md'))
  .map(readPaper);

/** Paths relative to the repository. */
export function filesBelow(folder: string, { deep }: { readonly deep: boolean }): string[] {
  return readdirSync(join(ROOT, folder), { recursive: deep, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/'))
    .sort();
}

/** Inline code, without its backticks. */
export function codeSpans(prose: string): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

/** The part of a paper under a heading, up to the next one of the same or a higher level. */
export function sectionOf(text: string, heading: string): string {
  const level = heading.indexOf(' ');
  const start = text.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`there is no section "${heading}"`);
  const body = text.slice(start + heading.length + 2);
  const end = body.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end === -1 ? body : body.slice(0, end);
}

/** The first column of all tables. */
export function firstColumns(text: string): string[] {
  return [...text.matchAll(/^\| (.+?) +\|/gm)].map((match) => match[1] ?? '');
}
