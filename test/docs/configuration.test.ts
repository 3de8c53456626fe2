import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { describe, expect, it } from 'vitest';
import { firstColumns, readPaper, ROOT } from './papers.js';

const NAME = /`([A-Z][A-Z0-9_]*[A-Z0-9])`/g;

function documented(): string[] {
  const { text } = readPaper('docs/reference/configuration.md');
  return firstColumns(text).flatMap((cell) => [...cell.matchAll(NAME)].map((match) => match[1] ?? ''));
}

/** What src/config.ts itself looks at: keys of its schema, and single reads. */
function readByLongtake(): string[] {
  const source = readFileSync(join(ROOT, 'src/config.ts'), 'utf8');
  const reads = /^ {2}([A-Z][A-Z0-9_]+):|env\['([A-Z][A-Z0-9_]+)'\]|'([A-Z][A-Z0-9_]+)' in env/gm;
  return [...source.matchAll(reads)].map(([, key, read, asked]) => key ?? read ?? asked ?? '');
}

/** What Temporal's loader looks at on longtake's behalf, seen by watching it. */
function readByTemporal(): string[] {
  const seen = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    {},
    {
      get: (_target, name) => {
        seen.add(String(name));
        return undefined;
      },
    },
  );
  loadClientConnectConfig({ overrideEnvVars: environment });
  // A codec server of Temporal's own tools; no SDK connects through it.
  return [...seen].filter((name) => name.startsWith('TEMPORAL_') && !name.startsWith('TEMPORAL_CODEC_'));
}

describe('docs/reference/configuration.md', () => {
  it('names every variable that is read, and no other', () => {
    expect(readByLongtake().length).toBeGreaterThan(10);
    expect(readByTemporal().length).toBeGreaterThan(10);
    expect([...new Set(documented())].sort()).toEqual([...new Set([...readByLongtake(), ...readByTemporal()])].sort());
  });
});
