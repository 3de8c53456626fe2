import { readdir, readFile } from 'node:fs/promises';
import type { GoldenHistory } from './histories.js';

const WORKFLOWS = new URL('../../src/workflows/', import.meta.url);

/** Every id that workflow code gives to `patched`. One that is no constant is an error: nobody could tell what runs go by. */
export async function patchesInCode(): Promise<readonly string[]> {
  const files = (await readdir(WORKFLOWS)).filter((name) => name.endsWith('.ts'));
  const code = (await Promise.all(files.map((name) => readFile(new URL(name, WORKFLOWS), 'utf8')))).join('\n');
  const constants = new Map(
    [...code.matchAll(/^(?:export )?const ([A-Z_]+) = '([^']+)';$/gm)].map(([, ...it]) => it as [string, string]),
  );
  return [...code.matchAll(/\bpatched\(([^)]*)\)/g)].map(([call, name = '']) => {
    const id = constants.get(name);
    if (id === undefined) throw new Error(`${call}: its id is no constant`);
    return id;
  });
}

/** The ids of the patches that a recorded run went by. */
export function patchesIn({ events }: GoldenHistory): string[] {
  return (events as unknown as readonly RecordedEvent[]).flatMap(({ markerRecordedEventAttributes: marker }) => {
    if (marker?.markerName !== 'core_patch') return [];
    const [payload] = marker.details['patch-data']?.payloads ?? [];
    const { id } = JSON.parse(Buffer.from(payload?.data ?? '', 'base64').toString()) as { id: string };
    return [id];
  });
}

interface RecordedEvent {
  readonly markerRecordedEventAttributes?: {
    readonly markerName: string;
    readonly details: Partial<Record<string, { readonly payloads: readonly { readonly data: string }[] }>>;
  };
}
