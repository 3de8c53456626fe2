import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Histories that released workers made; each must replay on every later one. */
export const HISTORIES = fileURLToPath(new URL('../histories/', import.meta.url));

export interface GoldenHistory {
  /** `<release>-<what happened>` */
  readonly name: string;
  readonly workflowId: string;
  readonly events: readonly Record<string, unknown>[];
}

export async function goldenHistories(): Promise<GoldenHistory[]> {
  const names = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json')).sort();
  return await Promise.all(
    names.map(async (name) => {
      const stored = JSON.parse(await readFile(`${HISTORIES}${name}`, 'utf8')) as Omit<GoldenHistory, 'name'>;
      return { ...stored, name: name.replace(/\.json$/, '') };
    }),
  );
}
