import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.js';
import { codeSpans, papers, readPaper, ROOT, sectionOf, type Paper } from './papers.js';

function help(...command: string[]): string {
  return execFileSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...command, '--help'], { encoding: 'utf8' });
}

/** Short and long. */
function flagsOf(helpText: string): string[] {
  return [...helpText.matchAll(/^ {2}(?:(-\w), )?(--[a-z-]+)/gm)].flatMap(([, short, long = '']) =>
    short === undefined ? [long] : [short, long],
  );
}

/** Name and arguments of each command, as the overview shows them: `generate [prompt]`. */
const COMMANDS = [...help().matchAll(/^ {2}([a-z][a-z-]*(?: [[<][a-z-]+[\]>])*) {2,}\S/gm)].map(
  (match) => match[1] ?? '',
);
const FLAGS = new Map(
  COMMANDS.map((command) => {
    const name = command.split(' ')[0] ?? '';
    return [name, flagsOf(help(name))] as const;
  }),
);
const GLOBAL = flagsOf(help());

/** One use of the command in a paper: what stands behind `longtake`. */
interface Use {
  readonly line: string;
  readonly words: readonly string[];
}

function usesIn(lines: readonly string[]): Use[] {
  // To Temporal's own command longtake is the name of a deployment.
  return lines.flatMap((line) => {
    if (line.startsWith('temporal ')) return [];
    const [, rest] =
      /(?:^|[\s($])longtake ([^|#&)]+)/.exec(line.replace('npm start -- ', 'longtake generate --local ')) ?? [];
    return rest === undefined
      ? []
      : [
          {
            line,
            words: rest
              .replace(/"[^"]*"/g, 'TEXT')
              .trim()
              .split(/\s+/),
          },
        ];
  });
}

function usesOf({ blocks, prose }: Paper): Use[] {
  const commands = blocks.filter(({ language }) => ['sh', 'bash', 'console'].includes(language));
  return usesIn([...commands.flatMap(({ text }) => text.split('\n')), ...codeSpans(prose)]).filter(
    ({ words }) => words[0] !== '…',
  );
}

describe.each(papers.map((paper) => [paper.path, paper] as const))('%s', (_path, paper) => {
  it('names only commands and flags that there are', () => {
    for (const { line, words } of usesOf(paper)) {
      const name = words.find((word) => !word.startsWith('-'));
      if (name !== undefined && name !== '…') expect([...FLAGS.keys()], line).toContain(name);
      const flags = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]);
      const known = [...GLOBAL, ...(FLAGS.get(name ?? '') ?? [])];
      for (const flag of flags) expect(known, line).toContain(flag);
    }
  });

  it('names only npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    for (const [, script] of paper.text.matchAll(/\bnpm run ([a-z:]+)/g)) {
      expect(Object.keys(scripts)).toContain(script);
    }
  });
});

describe('docs/reference/command-line.md', () => {
  const { text } = readPaper('docs/reference/command-line.md');

  it('has a section for every command, and no other', () => {
    const sections = [...text.matchAll(/^## `longtake (.+)`$/gm)].map((match) => match[1] ?? '');
    expect(COMMANDS.length).toBeGreaterThan(10);
    expect(sections.sort()).toEqual([...COMMANDS].sort());
  });

  it.each(COMMANDS)('names every flag of %s', (command) => {
    const section = sectionOf(text, `## \`longtake ${command}\``);
    const documented = section.match(/(?<=[`,] ?)--?[a-z][a-z-]*/g) ?? [];
    const flags = FLAGS.get(command.split(' ')[0] ?? '') ?? [];
    for (const flag of flags.filter((flag) => !['-h', '--help'].includes(flag))) {
      expect(documented, flag).toContain(flag);
    }
  });

  it('names every exit code', () => {
    const table = text.slice(0, text.indexOf('\n## '));
    for (const code of Object.values(EXIT)) expect(table).toMatch(new RegExp(`[|(] ?${code}\\b`));
  });
});

describe('README.md', () => {
  it('shows every command at a glance', () => {
    const section = sectionOf(readPaper('README.md').text, '## The command line');
    for (const name of FLAGS.keys()) expect(section).toMatch(new RegExp(`\`(longtake )?${name}\\b`));
  });
});
